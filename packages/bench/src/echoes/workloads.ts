// The workloads of the group `http2`.
import type { ExchangeName } from "./exchange.ts";

/** The contestants with a folder here. */
export const contestants = { engine: "engine", "node:http2": "node-http2", net: "net" } as const;

export type Contestant = keyof typeof contestants | "grpc-go";

/** The subject of ratios. */
export const engine: Contestant = "engine";

export interface EchoWorkload {
  readonly name: string;
  readonly exchange: ExchangeName;
  readonly inFlight: number;
  readonly connections: number;
  readonly contestants: readonly Contestant[];
  /**
   * Each server is loaded by the client of its own stack: receiving costs more than sending, so one
   * client would limit all servers.
   */
  readonly ownClient?: true;
}

const http2Servers = ["engine", "node:http2", "grpc-go"] as const;
const all = [...http2Servers, "net"] as const;

const hundred = { exchange: "echo", inFlight: 100 } as const;
const one = { exchange: "echo", inFlight: 1, connections: 1 } as const;
const large = { inFlight: 4, connections: 1, ownClient: true } as const;

export const serverWorkloads: readonly EchoWorkload[] = [
  { name: "server, 100 in flight, 1 connection", ...hundred, connections: 1, contestants: http2Servers },
  { name: "server, 100 in flight, 4 connections", ...hundred, connections: 4, contestants: http2Servers },
  { name: "server, one in flight", ...one, contestants: all },
  { name: "1 MiB to the server", exchange: "upload", ...large, contestants: all },
  { name: "1 MiB from the server", exchange: "download", ...large, contestants: all },
];

export const tlsWorkloads: readonly EchoWorkload[] = [
  { name: "server, 100 in flight, 4 connections, TLS", ...hundred, connections: 4, contestants: http2Servers },
];

const clients = ["engine", "node:http2"] as const satisfies (keyof typeof contestants)[];

export const clientWorkloads: readonly EchoWorkload[] = [
  { name: "client, 100 in flight, 1 connection", ...hundred, connections: 1, contestants: clients },
  { name: "client, one in flight", ...one, contestants: clients },
];

/** The contestants of the memory measurement, and the names of its measures. */
export const memoryContestants = clients;
export const memoryNames = { heap: "heap, idle stream", resident: "resident, idle stream" } as const;
