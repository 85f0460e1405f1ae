// The transports of the interop programs: this repository's HTTP/2 engine, or grpc-js.
import { credentials, Channel as GrpcJsChannel } from "@grpc/grpc-js";
import { type Channel, type ChannelOptions, createChannel, type ServerOptions } from "@grpc-study/rpc";
import { grpcJsChannel, grpcJsCredentials, grpcJsTransport } from "@grpc-study/rpc/grpc-js";
import type { CaseName } from "./client/cases/index.ts";

/** The values of `--transport`. The first is the default. */
export const transportNames = ["http2", "grpc-js"] as const;

export type TransportName = (typeof transportNames)[number];

/** The cases that fail when grpc-js is on one side, and why. */
export const grpcJsExceptions = {
  client: {
    client_compressed_unary: "grpc-js configures compression for a channel, not for a call",
    client_compressed_streaming: "grpc-js configures compression for a channel, not for a call",
    server_compressed_unary: "grpc-js does not expose whether a response was compressed",
    server_compressed_streaming: "grpc-js does not expose whether a response was compressed",
  },
  server: {
    client_compressed_unary: "grpc-js does not expose whether a request was compressed",
    client_compressed_streaming: "grpc-js does not expose whether a request was compressed",
    server_compressed_unary: "grpc-js does not compress responses",
    server_compressed_streaming: "grpc-js does not compress responses",
  },
} as const satisfies Record<"client" | "server", { readonly [Name in CaseName]?: string }>;

export function openChannel(
  transport: TransportName,
  target: string,
  options: Pick<ChannelOptions, "authority" | "backoff"> & { tls?: { ca?: string; serverName?: string } } = {},
): Channel {
  if (transport === "http2") return createChannel(target, options);
  const { tls, authority = tls?.serverName } = options;
  const channel = new GrpcJsChannel(
    target,
    tls === undefined ? credentials.createInsecure() : grpcJsCredentials(tls.ca === undefined ? {} : { ca: tls.ca }),
    {
      ...(tls?.serverName !== undefined && { "grpc.ssl_target_name_override": tls.serverName }),
      ...(authority !== undefined && { "grpc.default_authority": authority }),
      "grpc.use_local_subchannel_pool": 1,
    },
  );
  return grpcJsChannel(channel, { secure: tls !== undefined });
}

/** Options for `createServer`. */
export function serverOptions(transport: TransportName): ServerOptions {
  return transport === "http2" ? {} : { transport: grpcJsTransport() };
}
