// The workloads of the groups `server` and `client`.
import type { MethodName } from "../messages/calls.ts";
import { streamLength } from "../messages/frame.ts";
import type { CallName, Latency } from "../peers/client-process.ts";
import type { NodePeerName, PeerName } from "../peers/peers.ts";

export interface Workload {
  readonly name: string;
  readonly method: MethodName;
  /** The name of the method in `ClientPeer`. */
  readonly call: CallName;
  /** The counted unit: calls or messages. A call has `perCall` units. */
  readonly unit: "call" | "message";
  readonly perCall: number;
  /** Concurrent calls, and their number of connections. Clients always use one connection. */
  readonly inFlight: number;
  readonly connections: number;
  readonly servers: readonly PeerName[];
  readonly clients: readonly NodePeerName[];
}

const unary = { unit: "call", perCall: 1, inFlight: 100, connections: 4 } as const;
const stream = { unit: "message", perCall: streamLength, inFlight: 4, connections: 2 } as const;

/**
 * The contestants for streams. Stacks on grpc-js are always slower than grpc-js with Buffers, and
 * would take a minute each.
 */
const ofStreams = ["rpc", "node:http2", "grpc-js", "connect-node"] as const;
const stacks = ["rpc", "node:http2", "grpc-js", "proto-loader", "nice-grpc", "connect-node"] as const;
const streams = { servers: ofStreams, clients: ofStreams } as const;

export const workloads: readonly Workload[] = [
  {
    name: "unary, 7 B",
    method: "Say",
    call: "say",
    ...unary,
    servers: ["rpc", "engine", "node:http2", "grpc-js", "grpc-go", "proto-loader", "nice-grpc", "connect-node"],
    clients: ["rpc", "engine", "node:http2", "grpc-js", "proto-loader", "nice-grpc", "connect-node"],
  },
  { name: "unary, 2.8 KB", method: "Echo", call: "echo", ...unary, servers: [...stacks, "grpc-go"], clients: stacks },
  { name: "server stream, 7 B", method: "Count", call: "count", ...stream, ...streams },
  { name: "client stream, 7 B", method: "Gather", call: "gather", ...stream, ...streams },
  { name: "bidi ping-pong, 7 B", method: "Chat", call: "chat", ...stream, inFlight: 48, connections: 4, ...streams },
];

/** The workloads over TLS. */
export const tlsWorkloads: readonly Workload[] = workloads
  .filter(({ method }) => method === "Say")
  .map((workload) => ({ ...workload, servers: ["rpc", "node:http2", "grpc-js", "grpc-go"] }));

/** The contestants in the groups `memory` and `start`. */
export const serverPeers = stacks;

/** The names of the measures of idle streams, by key of `Memory`. */
export const idleStreamNames = { heap: "heap, idle stream", resident: "resident, idle stream" } as const;

/** Calls per second for the latency measurement. */
export const latencyRate = 2000;
export const percentiles = ["p50", "p99", "p999"] as const;
export const latencyName = (percentile: keyof Latency): string =>
  `latency ${percentile.replace("p999", "p99.9")} at ${latencyRate} calls/s`;

/**
 * The name of the rate of a new client process, and the name of the later rate of `rpc` in the same
 * process.
 */
export const firstSecondName = "unary, 7 B, in the first second";
export const laterName = "rpc, later";
