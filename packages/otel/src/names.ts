// The names of attributes and metrics: the OpenTelemetry semantic conventions v1.45
// (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/), and gRFC A66
// (https://github.com/grpc/proposal/blob/master/A66-otel-stats.md). names.test.ts compares them with
// @opentelemetry/semantic-conventions, which is 5 MB and therefore only a dependency of the tests.

export const attribute = {
  errorType: "error.type",
  peerAddress: "network.peer.address",
  peerPort: "network.peer.port",
  rpcMethod: "rpc.method",
  rpcMethodOriginal: "rpc.method_original",
  rpcStatusCode: "rpc.status_code",
  rpcSystem: "rpc.system.name",
  serverAddress: "server.address",
  serverPort: "server.port",
  // gRFC A66.
  grpcMethod: "grpc.method",
  grpcStatus: "grpc.status",
  grpcTarget: "grpc.target",
  // gRFC A72.
  previousAttempts: "previous-rpc-attempts",
  messageSize: "message-size",
  compressedSize: "message-size-compressed",
  sequenceNumber: "sequence-number",
  transparentRetry: "transparent-retry",
} as const;

export const httpAttribute = {
  client: "client.address",
  method: "http.request.method",
  methodOriginal: "http.request.method_original",
  path: "url.path",
  route: "http.route",
  scheme: "url.scheme",
  status: "http.response.status_code",
  userAgent: "user_agent.original",
  version: "network.protocol.version",
} as const;

export const metric = {
  httpActive: "http.server.active_requests",
  httpDuration: "http.server.request.duration",
  clientDuration: "rpc.client.call.duration",
  serverDuration: "rpc.server.call.duration",
  // The conventions have no metric of running calls. These follow `http.server.active_requests`.
  clientActive: "rpc.client.active_calls",
  serverActive: "rpc.server.active_calls",
  // Names of the conventions up to v1.37; v1.45 has no metric of sizes.
  clientRequestSize: "rpc.client.request.size",
  clientResponseSize: "rpc.client.response.size",
  serverRequestSize: "rpc.server.request.size",
  serverResponseSize: "rpc.server.response.size",
  // gRFC A66.
  grpcAttemptDuration: "grpc.client.attempt.duration",
  grpcAttemptStarted: "grpc.client.attempt.started",
  grpcAttemptSent: "grpc.client.attempt.sent_total_compressed_message_size",
  grpcAttemptReceived: "grpc.client.attempt.rcvd_total_compressed_message_size",
  grpcClientDuration: "grpc.client.call.duration",
  grpcServerDuration: "grpc.server.call.duration",
  grpcServerStarted: "grpc.server.call.started",
  grpcServerSent: "grpc.server.call.sent_total_compressed_message_size",
  grpcServerReceived: "grpc.server.call.rcvd_total_compressed_message_size",
} as const;

/** gRFC A72. */
export const event = {
  received: "Inbound message",
  sent: "Outbound message",
  compressed: { received: "Inbound compressed message", sent: "Outbound message compressed" },
} as const;

export const requestMetadataPrefix = "rpc.request.metadata.";

/** The boundaries that the semantic conventions advise for durations, in seconds. */
export const rpcSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The boundaries of gRFC A66 for durations, in seconds. */
export const grpcSeconds = [
  0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.013, 0.016, 0.02, 0.025,
  0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 2, 5, 10, 20, 50, 100,
];

/** The boundaries of gRFC A66 for sizes, in bytes. */
export const sizeBytes = [
  0, 1024, 2048, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864, 268_435_456, 1_073_741_824, 4_294_967_296,
];
