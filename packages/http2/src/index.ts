// @grpc-study/http2: an HTTP/2 engine for RPC.
export {};
