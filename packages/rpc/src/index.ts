// @grpc-study/rpc: gRPC services and clients from protobuf-es descriptors. The grpc-js transport is
// in @grpc-study/rpc/grpc-js.

export { type Codec, type CodecFactory, compiled, protobufEs } from "@grpc-study/codec";
export type { BackoffOptions } from "./channel/backoff.ts";
export { createChannel } from "./channel/create-channel.ts";
export type { Balancing, ChannelOptions, HealthCheckOptions } from "./channel/options.ts";
export type {
  HedgingOptions,
  MethodOptions,
  RetryBufferOptions,
  RetryOptions,
  RetryThrottlingOptions,
} from "./channel/retry/options.ts";
export { type ClientOptions, type ConnectOptions, createClient } from "./client/client.ts";
export { type ClientCall, type ClientInterceptor, forClientMethod } from "./client/context.ts";
export type { CallOptions, CancelSignal, SendOptions } from "./client/options.ts";
export type { PerRpcCredentials } from "./client/per-rpc-credentials.ts";
export type {
  BidiStreamCall,
  Client,
  ClientMethod,
  ClientStreamCall,
  MessageInit,
  Requests,
  ResponseStream,
} from "./client/types.ts";
export { type ContextKey, ContextValues, createContextKey } from "./context-values.ts";
export { type AuthenticateOptions, authenticate, secretEquals } from "./interceptors/authenticate.ts";
export type { ServiceOrMethod } from "./interceptors/except.ts";
export { type RateLimitKey, type RateLimitOptions, rateLimit } from "./interceptors/rate-limit.ts";
export { type ChannelLimits, defaultChannelLimits, defaultServerLimits, type MessageLimits, type ServerLimits } from "./limits/limits.ts";
export { detached } from "./propagation/detached.ts";
export { type InheritOptions, inheritedMetadata } from "./propagation/inherit.ts";
export { wasCompressed } from "./protocol/came-compressed.ts";
export { Code, type CodeName, codeFrom } from "./protocol/code.ts";
export type { Compression } from "./protocol/compression.ts";
export { detail, RpcError, type RpcErrorOptions } from "./protocol/error.ts";
export { Metadata, type MetadataInit } from "./protocol/metadata.ts";
export { methodPath } from "./protocol/method.ts";
export type { CertificateOptions } from "./security/certificates.ts";
export type { ClientCertificate } from "./security/peer-certificate.ts";
export { type Pem, TlsFileError } from "./security/pem.ts";
export type { ClientTls, ServerTls } from "./security/tls.ts";
export { type Context, forServerMethod, type ServerCall, type ServerInterceptor } from "./server/context.ts";
export type {
  BidiStreamHandler,
  ClientStreamHandler,
  ExactHandlers,
  Handler,
  Handlers,
  ServerStreamHandler,
  UnaryHandler,
} from "./server/handlers.ts";
export { type Implementation, type ImplementOptions, implement } from "./server/implement.ts";
export { type BoundAddress, ListenError } from "./server/listen.ts";
export { createServer, type Server, type ServerOptions } from "./server/server.ts";
export type { CutCall, ShutdownOptions, ShutdownReport } from "./server/shutdown.ts";
export type { HealthStatuses, ServingStatus } from "./services/health/health.ts";
export type { Attempt, Channel, ChannelState } from "./transport/client.ts";
export type { InProcessOptions } from "./transport/in-process/channel.ts";
export type { MessageSize } from "./transport/message-size.ts";
export type { UnknownCall } from "./transport/server.ts";
