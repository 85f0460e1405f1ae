// The group `client`: every stack makes the same calls to one server, that of node:http2 with its answers at hand.
import { alternate } from "../measure/alternate.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import type { AtRate, Latency, Throughput } from "../peers/client-process.ts";
import type { Target } from "../peers/peer.ts";
import { type Process, start } from "../process/start.ts";
import type { Group, Outcome, Run } from "./group.ts";
import { workloads } from "./workloads.ts";

const clientPeers = ["rpc", "http2", "grpc-js", "proto-loader", "nice-grpc", "connect-node"] as const;

/** Calls a second at which latency is measured. */
const rates = [500, 2000];

export const client: Group = {
  name: "client",
  about:
    "Calls, or messages, a second that a client makes on one core; and the latency of unary calls of 7 bytes that begin at a fixed rate, counted from when each should have begun.",
  run,
};

async function run({ quick, progress }: Run): Promise<Outcome> {
  const starts = quick ? 1 : 3;
  const rounds = quick ? 2 : 4;
  const milliseconds = quick ? 300 : 800;
  const throughputs = workloads.map(
    (workload) =>
      [workload, { name: workload.name, unit: workload.unit as string, better: "more" as const, samples: {} as Samples }] as const,
  );
  const percentiles = (["p50", "p99", "p999"] as const).map((key) => [key, key === "p999" ? "p99.9" : key] as const);
  const latencies = rates.flatMap((rate) =>
    percentiles.map(([key, title]) => {
      const measure: Measure = { name: `latency ${title} at ${rate} calls/s`, unit: "ms", better: "less", samples: {} };
      return { rate, key, measure };
    }),
  );
  for (let i = 1; i <= starts; i++) {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await start<number>("server", "peers/http2/server.js", null));
    const target: Target = { port: server.ready, ca: null };
    const clients = new Map<string, Process<null>>();
    for (const peer of clientPeers) {
      progress(`start ${i}/${starts}: ${peer}`);
      clients.set(peer, stack.use(await start<null>("load", "peers/client-process.js", { peer, target })));
    }
    for (const [{ name, call, perCall, inFlight }, { samples }] of throughputs) {
      const take = async (client: Process<null>) => {
        const options: Throughput = { call, inFlight, milliseconds };
        return perCall * (await client.ask<number>("throughput", options));
      };
      progress(`start ${i}/${starts}: ${name}, warm-up`);
      for (const client of clients.values()) await take(client);
      const takes = [...clients].map(([peer, client]) => [peer, () => take(client)] as const);
      const onRound = (round: number) => progress(`start ${i}/${starts}: ${name}, round ${round + 1}/${rounds}`);
      append(samples, await alternate(Object.fromEntries(takes), rounds, onRound));
    }
    for (const rate of rates) {
      for (let round = 1; round <= rounds; round++) {
        progress(`start ${i}/${starts}: latency at ${rate} calls/s, round ${round}/${rounds}`);
        const turns = round % 2 ? [...clients] : [...clients].reverse();
        for (const [peer, client] of turns) {
          const options: AtRate = { call: "say", perSecond: rate, milliseconds: milliseconds * 2 };
          const latency = await client.ask<Latency>("latency", options);
          for (const { key, measure } of latencies.filter((one) => one.rate === rate)) append(measure.samples, { [peer]: [latency[key]] });
        }
      }
    }
  }
  return { measures: [...throughputs.map(([, measure]) => measure), ...latencies.map(({ measure }) => measure)], notes: [] };
}
