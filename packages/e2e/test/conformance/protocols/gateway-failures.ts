// The cases that the gateway fails, with the reasons, and the cases that it cannot run.
import type { KnownFailure } from "./known-failures.ts";

export const gatewayFailures: readonly KnownFailure[] = [];

/** What our server behind the gateway does not have. gRPC passes through. */
export const withoutInGrpc: readonly KnownFailure[] = [
  { cases: "**/Protocol:PROTOCOL_GRPC/Codec:CODEC_JSON/**", reason: "our server has the codec proto alone" },
  { cases: "**/Protocol:PROTOCOL_GRPC/**/Compression:COMPRESSION_BR/**", reason: "our server has no compression br" },
  { cases: "**/Protocol:PROTOCOL_GRPC/Compression:COMPRESSION_BR/**", reason: "our server has no compression br" },
];
