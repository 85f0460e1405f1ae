// The group `server`: every stack serves the same calls, and the same load asks it.

import { h2load } from "../load/h2load.ts";
import { alternate } from "../measure/alternate.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import { amountBytes, frame, helloBytes, streamLength, usersBytes } from "../messages/frame.ts";
import { type Process, start } from "../process/start.ts";
import { writeBodies } from "./bodies.ts";
import { makeCertificates } from "./certificates.ts";
import type { Group, Outcome, Run } from "./group.ts";
import { workloads } from "./workloads.ts";

/** Ours first, then the limits, then the peers. */
export const serverPeers = ["rpc", "http2", "grpc-js", "proto-loader", "nice-grpc", "connect-node"] as const;

export const server: Group = {
  name: "server",
  about:
    "Calls, or messages, a second that a server answers on one core. `http2` is node:http2 alone with answers at hand, `grpc-js` has Buffers for messages: the limits.",
  run,
};

async function run({ quick, load, progress }: Run): Promise<Outcome> {
  await using certificates = await makeCertificates();
  await using bodies = await writeBodies({
    Say: frame(helloBytes),
    Echo: frame(usersBytes),
    Count: frame(amountBytes(streamLength)),
    Gather: Buffer.concat(Array.from({ length: streamLength }, () => frame(helloBytes))),
  });
  // A server of grpc-js is faster or slower from one start to the next.
  const starts = quick ? 1 : 3;
  const rounds = quick ? 2 : 4;
  const milliseconds = quick ? 300 : 800;
  const measures: (Measure & { samples: Samples })[] = [];
  for (const [security, tls] of [
    ["plaintext", null],
    ["TLS", certificates.files],
  ] as const) {
    const ca = tls?.ca ?? null;
    const own = workloads.map((workload) => {
      const measure = { name: `${workload.name}, ${security}`, unit: workload.unit, better: "more" as const, samples: {} };
      measures.push(measure);
      return [workload, measure] as const;
    });
    for (let i = 1; i <= starts; i++) {
      await using stack = new AsyncDisposableStack();
      const driver = stack.use(await start<null>("load", "load/process.js"));
      const servers = new Map<string, Process<number>>();
      for (const peer of serverPeers) {
        progress(`${security}, start ${i}/${starts}: ${peer}`);
        const process = stack.use(await start<number>("server", `peers/${peer}/server.js`, tls));
        servers.set(peer, process);
        await driver.ask("check", { port: process.ready, ca });
      }
      for (const [{ name, method, perCall, inFlight, connections }, { samples }] of own) {
        const take = async (port: number, milliseconds: number) => {
          const streams = inFlight / connections;
          const calls = { port, ca, connections, streams, milliseconds };
          if (method === "Chat") return driver.ask<number>("pingPong", calls);
          if (load === "node") return perCall * (await driver.ask<number>("calls", { ...calls, method }));
          const url = `${tls ? "https" : "http"}://127.0.0.1:${port}/grpc_study.bench.Bench/${method}`;
          const headers = { "content-type": "application/grpc", te: "trailers" };
          return perCall * (await h2load({ url, headers, body: bodies.files[method], milliseconds, connections, streams }));
        };
        progress(`${security}, start ${i}/${starts}: ${name}, warm-up`);
        for (const { ready } of servers.values()) await take(ready, milliseconds);
        const takes = [...servers].map(([peer, { ready }]) => [peer, () => take(ready, milliseconds)] as const);
        const onRound = (round: number) => progress(`${security}, start ${i}/${starts}: ${name}, round ${round + 1}/${rounds}`);
        append(samples, await alternate(Object.fromEntries(takes), rounds, onRound));
      }
    }
  }
  const loaded =
    load === "h2load"
      ? "Loaded by h2load; ping-pong, which it cannot do, by a client on node:http2."
      : "Loaded by a client on node:http2: h2load is not on this machine, or was not wanted.";
  return { measures, notes: [loaded] };
}
