// @grpc-study/rpc/grpc-js: the ecosystem's transport, by the public API of @grpc/grpc-js. refusals.ts lists what it cannot do.
export { type GrpcJsChannelOptions, grpcJsChannel } from "./channel.ts";
export { fromGrpcJs, toGrpcJs } from "./metadata.ts";
