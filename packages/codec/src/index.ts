// @grpc-study/codec: encodes and decodes protobuf messages. JSON is in @grpc-study/codec/json.
export { compiled } from "./binary/compiled.ts";
export { protobufEs } from "./binary/protobuf-es.ts";
export { warmUp } from "./binary/warm-up.ts";
export type { Codec, CodecFactory } from "./codec.ts";
