// @grpc-study/codec/json: converts protobuf messages to canonical JSON and back.
export { type JsonCodec, type JsonOptions, jsonCodec } from "./codec.ts";
export { JsonError, TooManyElementsError } from "./error.ts";
export { jsonFieldCodec } from "./field-codec.ts";
export { warmUpJson } from "./warm-up.ts";
