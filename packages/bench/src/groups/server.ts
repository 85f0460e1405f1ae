// The group `server`: every stack serves the same calls, and the same load asks it.
import { h2load } from "../load/h2load.ts";
import { bodies } from "../load/process.ts";
import { alternate } from "../measure/alternate.ts";
import { watch } from "../process/clock.ts";
import { type Process, start } from "../process/start.ts";
import { writeTemporary } from "../process/temporary.ts";
import { makeCertificates } from "./certificates.ts";
import { type Group, type Outcome, type Run, warmUpMs } from "./group.ts";
import { Load, measuresOf, waitingNote } from "./load.ts";
import { type Workload, workloads } from "./workloads.ts";

/** Ours first, then the limits, then the peers. */
export const serverPeers = ["rpc", "http2", "grpc-js", "proto-loader", "nice-grpc", "connect-node"] as const;

export const server: Group = {
  name: "server",
  about:
    "Calls, or messages, a second that a server answers on one core. `http2` is node:http2 alone with answers at hand, `grpc-js` has Buffers for messages: the limits.",
  run,
};

async function run({ quick, load, progress }: Run): Promise<Outcome> {
  const certificates = await makeCertificates();
  const files = Object.fromEntries(Object.entries(bodies).map(([method, body]) => [method, writeTemporary(method, body)]));
  const milliseconds = 400;
  const loads: Load[] = [];
  for (const [security, tls, starts] of [
    // A server of grpc-js is faster or slower from one start to the next.
    ["plaintext", null, quick ? 1 : 4],
    ["TLS", certificates, quick ? 1 : 3],
  ] as const) {
    const ca = tls?.ca ?? null;
    const wanted: [Workload, Run["load"], Load][] = workloads.map((workload) => {
      const by = workload.method === "Chat" ? "node" : load;
      return [workload, by, new Load(`${workload.name}, ${security}`, workload.unit)];
    });
    const [[unary] = []] = wanted;
    if (unary && load === "h2load" && tls === null)
      wanted.push([unary, "node", new Load(`${unary.name}, ${security}, load by Node`, unary.unit)]);
    loads.push(...wanted.map(([, , load]) => load));
    for (let i = 1; i <= starts; i++) {
      await using stack = new AsyncDisposableStack();
      const driver = stack.use(await start<null>("load", "load/process.js"));
      const servers: [string, Process<number>][] = [];
      for (const peer of serverPeers) {
        progress(`${security}, start ${i}/${starts}: ${peer}`);
        const process = stack.use(await start<number>("server", `peers/${peer}/server.js`, tls));
        servers.push([peer, process]);
        await driver.ask("check", { port: process.ready, ca });
      }
      for (const [place, [{ name, method, perCall, inFlight, connections }, by, load]] of wanted.entries()) {
        const ask = async (port: number, milliseconds: number) => {
          const streams = inFlight / connections;
          const calls = { port, ca, connections, streams, milliseconds };
          if (method === "Chat") return driver.ask<number>("pingPong", calls);
          if (by === "node") return perCall * (await driver.ask<number>("calls", { ...calls, method }));
          const url = `${tls ? "https" : "http"}://127.0.0.1:${port}/grpc_study.bench.Bench/${method}`;
          const headers = { "content-type": "application/grpc", te: "trailers" };
          return perCall * (await h2load({ url, headers, body: files[method], milliseconds, connections, streams }));
        };
        const takes = Object.fromEntries(
          servers.map(([peer, process]) => [peer, () => watch(process, milliseconds, () => ask(process.ready, milliseconds))] as const),
        );
        progress(`${security}, start ${i}/${starts}: ${name}`);
        for (const [, process] of servers) await ask(process.ready, warmUpMs({ quick }, place === 0));
        load.add(await alternate(takes, 2));
      }
    }
  }
  const loaded =
    load === "h2load"
      ? "Loaded by h2load; ping-pong, which it cannot do, by a client on node:http2."
      : "Loaded by a client on node:http2: h2load is not on this machine, or was not wanted.";
  return { measures: measuresOf(loads), notes: [loaded, ...waitingNote(loads, "server")] };
}
