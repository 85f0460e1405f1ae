// What carries the calls: the engine of this repository, or grpc-js.
import type { ServerOptions } from "@grpc-study/rpc";

/** What `--transport` takes. The first is the default. */
export const transportNames = ["http2", "grpc-js"] as const;

export type TransportName = (typeof transportNames)[number];

/** grpc-js is loaded only if it is asked for. */
export async function loadTransport(name: TransportName): Promise<ServerOptions["transport"]> {
  if (name === "http2") return undefined;
  const { logVerbosity, setLogVerbosity } = await import("@grpc/grpc-js");
  const { grpcJsTransport } = await import("@grpc-study/rpc/grpc-js");
  // grpc-js writes to stderr what it also reports, and a port in use is to be one line.
  if (!process.env.GRPC_VERBOSITY && !process.env.GRPC_NODE_VERBOSITY) setLogVerbosity(logVerbosity.NONE);
  return grpcJsTransport();
}
