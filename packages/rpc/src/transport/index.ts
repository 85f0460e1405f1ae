// @grpc-study/rpc/transport: the two seams of this package, for proxies and for servers that speak
// other protocols besides gRPC. Messages cross both as bytes.
export { ErrorCode, HeaderList, type Stream, type StreamHandler, type StreamReset } from "@grpc-study/http2";
export type { ServerLimits } from "../limits/limits.ts";
export type { Compression } from "../protocol/compression.ts";
export { type MetadataSize, metadataSize, requestFault } from "../protocol/metadata-rules.ts";
export type { Status } from "../protocol/status.ts";
export type { CertificateContents, Certificates } from "../security/certificates.ts";
export type { ClientCertificate } from "../security/peer-certificate.ts";
export { type ServerTls, serverCertificates } from "../security/tls.ts";
export { listen } from "../server/listen.ts";
export { steadyNow } from "../steady-clock.ts";
export type { Channel, ChannelState, ClientListener, ClientStream, OutgoingCall, OutgoingMethod } from "./client.ts";
export { bindServer } from "./http2/server/bind-server.ts";
export { afterReset, halfClosesBeforeReset } from "./http2/server/half-close.ts";
export { createHttp2ServerTransport, type Http2ServerOptions, type Http2ServerTransport } from "./http2/server/transport.ts";
export { localMethod } from "./in-process/channel.ts";
export type { HandedOverStream } from "./in-process/local-call.ts";
export type { LocalMethod } from "./in-process/local-method.ts";
export type { MessageObserver, MessageSize } from "./message-size.ts";
export type {
  ListenAddress,
  Listening,
  ServedMethod,
  ServerListener,
  ServerStream,
  ServerTransport,
  UnknownCall,
  UnsentCall,
} from "./server.ts";
