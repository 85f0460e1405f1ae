// The group `client`: every stack makes the same calls to one server, that of node:http2 with its answers at hand.
import { alternate } from "../measure/alternate.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import type { AtRate, Latency, Throughput } from "../peers/client-process.ts";
import type { Target } from "../peers/peer.ts";
import { watch } from "../process/clock.ts";
import { type Process, start } from "../process/start.ts";
import { type Group, type Outcome, type Run, warmUpMs } from "./group.ts";
import { Load, measuresOf, waitingNote } from "./load.ts";
import { workloads } from "./workloads.ts";

const clientPeers = ["rpc", "http2", "grpc-js", "proto-loader", "nice-grpc", "connect-node"] as const;

/** Calls a second at which latency is measured. */
const rates = [500, 2000];

const percentiles = { p50: "p50", p99: "p99", p999: "p99.9" } as const;

export const client: Group = {
  name: "client",
  about:
    "Calls, or messages, a second that a client makes on one core; and the latency of unary calls of 7 bytes that begin at a fixed rate, counted from when each should have begun.",
  run,
};

async function run({ quick, progress }: Run): Promise<Outcome> {
  const starts = quick ? 1 : 3;
  const milliseconds = quick ? 400 : 500;
  const loads = workloads.map((workload) => [workload, new Load(workload.name, workload.unit)] as const);
  const latencies = rates.map((rate) => [rate, { p50: {}, p99: {}, p999: {} } as Record<keyof Latency, Samples>] as const);
  progress("the peers' answers");
  await checkAll();
  for (let i = 1; i <= starts; i++) {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await start<number>("server", "peers/http2/server.js", null));
    const target: Target = { port: server.ready, ca: null };
    const clients: [string, Process<null>][] = [];
    for (const peer of clientPeers) {
      progress(`start ${i}/${starts}: ${peer}`);
      clients.push([peer, stack.use(await start<null>("load", "peers/client-process.js", { peer, target }))]);
    }
    for (const [place, [{ name, call, perCall, inFlight }, load]] of loads.entries()) {
      const options: Throughput = { call, inFlight, milliseconds };
      const takes = Object.fromEntries(
        clients.map(([peer, client]) => {
          const run = async () => perCall * (await client.ask<number>("throughput", options));
          return [peer, () => watch(client, milliseconds, run)] as const;
        }),
      );
      progress(`start ${i}/${starts}: ${name}`);
      for (const [, client] of clients) await client.ask("throughput", { ...options, milliseconds: warmUpMs({ quick }, place === 0) });
      load.add(await alternate(takes, 2));
    }
    for (const [perSecond, samples] of latencies) {
      const options: AtRate = { call: "say", perSecond, milliseconds: quick ? 500 : 1500 };
      const takes = Object.fromEntries(clients.map(([peer, client]) => [peer, () => client.ask<Latency>("latency", options)] as const));
      progress(`start ${i}/${starts}: latency at ${perSecond} calls/s`);
      for (const [peer, taken] of Object.entries(await alternate(takes, 2)))
        for (const key of ["p50", "p99", "p999"] as const) append(samples[key], { [peer]: taken.map((latency) => latency[key]) });
    }
  }
  const latencyMeasures = latencies.flatMap(([rate, samples]) =>
    (["p50", "p99", "p999"] as const).map((key): Measure => {
      return { name: `latency ${percentiles[key]} at ${rate} calls/s`, unit: "ms", better: "less", samples: samples[key] };
    }),
  );
  const throughput = loads.map(([, load]) => load);
  return { measures: [...measuresOf(throughput), ...latencyMeasures], notes: waitingNote(throughput, "client") };
}

/** A server that answers what it was sent tells whether a client sends and reads the right thing. */
async function checkAll(): Promise<void> {
  await using server = await start<number>("server", "peers/grpc-js/server.js", null);
  for (const peer of clientPeers) {
    const target: Target = { port: server.ready, ca: null };
    await using client = await start<null>("load", "peers/client-process.js", { peer, target });
    await client.ask("check");
  }
}
