// The transport that carries the calls: the HTTP/2 engine of this repository, or grpc-js.
import type { ServerOptions } from "@grpc-study/rpc";

/** The values of `--transport`. The first is the default. */
export const transportNames = ["http2", "grpc-js"] as const;

export type TransportName = (typeof transportNames)[number];

/** Loads grpc-js only if it is asked for. */
export async function loadTransport(name: TransportName): Promise<ServerOptions["transport"]> {
  if (name === "http2") return undefined;
  const { logVerbosity, setLogVerbosity } = await import("@grpc/grpc-js");
  const { grpcJsTransport } = await import("@grpc-study/rpc/grpc-js");
  // grpc-js also writes the errors that it reports to stderr; a port in use is reported on one
  // line.
  if (!process.env.GRPC_VERBOSITY && !process.env.GRPC_NODE_VERBOSITY) setLogVerbosity(logVerbosity.NONE);
  return grpcJsTransport();
}
