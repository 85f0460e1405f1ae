// The group `client`: every stack makes the same calls to one server, the engine's with prepared
// responses.
import { alternate } from "../measure/alternate.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import type { AtRate, Latency, Throughput } from "../peers/client-process.ts";
import type { Target } from "../peers/peer.ts";
import { folders, type NodePeerName } from "../peers/peers.ts";
import { type Sample, watch } from "../process/clock.ts";
import { type Process, start } from "../process/start.ts";
import { type Group, type Outcome, type Run, warmUpMs } from "./group.ts";
import { Load, measuresOf, waitingNote } from "./load.ts";
import { firstSecondName, latencyName, latencyRate, laterName, percentiles, type Workload, workloads } from "./workloads.ts";

export const client: Group = {
  name: "client",
  about:
    "Calls or messages per second that a client makes on one core; the rate in its first second, with the later rate of `rpc`; and the latency of unary calls of 7 bytes that start at a fixed rate, measured from their scheduled start. The limits are `engine` and `node:http2`, which are HTTP/2 without gRPC, and `grpc-js`, whose messages are Buffers.",
  run,
};

const milliseconds = 400;
/** With three starts, this makes nine rounds. */
const takesPerStart = 3;

const latencyPeers = ["rpc", "node:http2", "grpc-js", "nice-grpc", "connect-node"] as const satisfies NodePeerName[];
/** The contestants that start a new process for the first second. */
const firstSecondPeers = ["rpc", "grpc-js"] as const satisfies NodePeerName[];

async function run({ quick, progress }: Run): Promise<Outcome> {
  const starts = quick ? 1 : 3;
  const loads = workloads.map((workload) => [workload, new Load(workload.name, workload.unit)] as const);
  const latencies: Record<keyof Latency, Samples> = { p50: {}, p99: {}, p999: {} };
  const peers = [...new Set(workloads.flatMap(({ clients }) => clients))];
  progress("checking the peers");
  await checkAll(peers);
  for (let i = 1; i <= starts; i++) {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await start<number>("load", "peers/engine/server.js", null));
    const clients = new Map<NodePeerName, Process<null>>();
    progress(`start ${i}/${starts}: starting the clients`);
    for (const peer of peers) clients.set(peer, stack.use(await startClient(peer, "server", server.ready)));
    for (const [place, [workload, load]] of loads.entries()) {
      progress(`start ${i}/${starts}: ${workload.name}`);
      load.add(await takeTurns(clients, workload, warmUpMs({ quick }, place === 0)));
    }
    progress(`start ${i}/${starts}: latency at ${latencyRate} calls/s`);
    for (const [peer, taken] of Object.entries(await measureLatency(clients, quick)))
      for (const key of percentiles) append(latencies[key], { [peer]: taken.map((latency) => latency[key]) });
  }
  const firstSecond = await measureFirstSecond(quick ? 1 : 6, progress);
  const throughput = loads.map(([, load]) => load);
  const latencyMeasures = percentiles.map((key): Measure => {
    return { name: latencyName(key), unit: "ms", better: "less", samples: latencies[key] };
  });
  return {
    measures: [...measuresOf(throughput), firstSecond, ...latencyMeasures],
    notes: ["All clients call the server of `engine`, which has prepared responses.", ...waitingNote(throughput, "client")],
  };
}

const startClient = (peer: NodePeerName, role: "server" | "load", port: number) =>
  start<null>(role, "peers/client-process.js", { peer: folders[peer], target: { port, ca: null } satisfies Target });

async function takeTurns(
  clients: ReadonlyMap<NodePeerName, Process<null>>,
  { call, perCall, inFlight, clients: contestants }: Workload,
  warmUp: number,
): Promise<Record<string, Sample[]>> {
  const options: Throughput = { call, inFlight, milliseconds };
  const taking = [...clients].filter(([peer]) => contestants.includes(peer));
  for (const [, client] of taking) await client.ask("throughput", { ...options, milliseconds: warmUp });
  const takes = taking.map(([peer, client]) => {
    const run = async () => perCall * (await client.ask<number>("throughput", options));
    return [peer, () => watch(client, milliseconds, run)] as const;
  });
  return alternate(Object.fromEntries(takes), takesPerStart);
}

function measureLatency(clients: ReadonlyMap<NodePeerName, Process<null>>, quick: boolean): Promise<Record<string, Latency[]>> {
  const options: AtRate = { call: "say", perSecond: latencyRate, milliseconds: quick ? 500 : 1500 };
  const takes = latencyPeers.flatMap((peer) => {
    const client = clients.get(peer);
    return client ? [[peer, () => client.ask<Latency>("latency", options)] as const] : [];
  });
  return alternate(Object.fromEntries(takes), takesPerStart);
}

/** Starts new processes in each round. The time includes compilation by V8 and by codecs. */
async function measureFirstSecond(rounds: number, progress: Run["progress"]): Promise<Measure> {
  const samples: Samples = {};
  const options: Throughput = { call: "say", inFlight: 100, milliseconds: 1000 };
  for (let round = 1; round <= rounds; round++) {
    progress(`${firstSecondName}, round ${round}/${rounds}`);
    await using server = await start<number>("load", "peers/engine/server.js", null);
    // Warms up the server.
    await using other = await startClient("engine", "load", server.ready);
    await other.ask("throughput", options);
    for (const peer of firstSecondPeers) {
      await using client = await startClient(peer, "server", server.ready);
      append(samples, { [peer]: [await client.ask<number>("throughput", options)] });
      if (peer !== "rpc") continue;
      await client.ask("throughput", { ...options, milliseconds: 1500 });
      append(samples, { [laterName]: [await client.ask<number>("throughput", options)] });
    }
  }
  return { name: firstSecondName, unit: "calls/s", better: "more", samples };
}

/** Checks that clients send and read the right messages, with a server that echoes them. */
async function checkAll(peers: readonly NodePeerName[]): Promise<void> {
  await using server = await start<number>("server", "peers/grpc-js/server.js", null);
  for (const peer of peers) {
    await using client = await startClient(peer, "load", server.ready);
    await client.ask("check");
  }
}
