// The contestants of the groups `server`, `client`, `memory` and `start`.
import { type MethodName, methodNames } from "../messages/calls.ts";
import { type Process, start } from "../process/start.ts";
import type { Built } from "./grpc-go/build.ts";
import type { GrpcGo } from "./grpc-go/server.ts";
import type { TlsFiles } from "./peer.ts";

/** The folder of each contestant: ours first, then the limits, then the peers. */
export const folders = {
  rpc: "rpc",
  engine: "engine",
  "node:http2": "node-http2",
  "grpc-js": "grpc-js",
  "grpc-go": "grpc-go",
  "proto-loader": "proto-loader",
  "nice-grpc": "nice-grpc",
  "connect-node": "connect-node",
} as const;

export type PeerName = keyof typeof folders;

/** The contestants that only need npm. */
export type NodePeerName = Exclude<PeerName, "grpc-go">;

/** The supported methods: all, except for grpc-go, whose program has no generated code. */
export const methodsOf = (peer: PeerName): readonly MethodName[] => (peer === "grpc-go" ? ["Say", "Echo"] : methodNames);

export interface StartedServer {
  /** The process to measure. */
  readonly process: Process<unknown>;
  readonly port: number;
}

export async function startServer(stack: AsyncDisposableStack, peer: NodePeerName, tls: TlsFiles | null): Promise<StartedServer> {
  const process = stack.use(await start<number>("server", `peers/${folders[peer]}/server.js`, tls));
  return { process, port: process.ready };
}

/** Starts grpc-go. Returns `undefined` without Go. */
export async function startGrpcGo(
  stack: AsyncDisposableStack,
  { program }: Built,
  tls: TlsFiles | null,
): Promise<(StartedServer & GrpcGo) | undefined> {
  if (program === undefined) return undefined;
  const process = stack.use(await start<GrpcGo>("server", "peers/grpc-go/server.js", { program, tls }));
  return { process, ...process.ready };
}
