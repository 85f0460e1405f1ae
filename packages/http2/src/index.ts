// @grpc-study/http2: an HTTP/2 engine for RPC.
export type { ClientConnection } from "./api/client-connection.ts";
export type { Connection, ConnectionCounters, ConnectionEnd, Goaway, Stream, StreamHandler, StreamReset } from "./api/connection.ts";
export type { ConnectionOptions, KeepaliveOptions } from "./api/options.ts";
export { attachClient, type ConnectOptions, connect } from "./client.ts";
export { ErrorCode, errorCodeName, Http2Error } from "./errors.ts";
export { type HeaderField, HeaderList, type HeaderListOptions, type RequestPseudoFields } from "./headers/header-list.ts";
export type { Limits } from "./limits.ts";
export { createServer, type ListenOptions, type Server, type ServerOptions } from "./server.ts";
export type { Settings } from "./settings.ts";
