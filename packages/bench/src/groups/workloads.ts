// The calls of the groups `server` and `client`.
import { streamLength } from "../messages/frame.ts";
import type { CallName } from "../peers/client-process.ts";

export interface Workload {
  readonly name: string;
  readonly method: "Say" | "Echo" | "Count" | "Gather" | "Chat";
  /** The client's name of the same. */
  readonly call: CallName;
  /** What is counted: calls, or messages, of which a call has so many. */
  readonly unit: "call" | "message";
  readonly perCall: number;
  /** Calls that run at a time, on how many connections. A client has one connection, whatever is said here. */
  readonly inFlight: number;
  readonly connections: number;
}

const unary = { unit: "call", perCall: 1, inFlight: 100, connections: 4 } as const;
const stream = { unit: "message", perCall: streamLength, inFlight: 4, connections: 2 } as const;

export const workloads: readonly Workload[] = [
  { name: "unary, 7 B", method: "Say", call: "say", ...unary },
  { name: "unary, 2.8 KB", method: "Echo", call: "echo", ...unary },
  { name: "server stream, 7 B", method: "Count", call: "count", ...stream },
  { name: "client stream, 7 B", method: "Gather", call: "gather", ...stream },
  { name: "bidi ping-pong, 7 B", method: "Chat", call: "chat", ...stream, inFlight: 48, connections: 4 },
];
