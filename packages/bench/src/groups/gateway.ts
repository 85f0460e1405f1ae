// The group `gateway`: JSON over HTTP/1.1, answered by ours, over a socket and in process, by the limit, and by a peer.
import { readFile } from "node:fs/promises";
import { connectRequests, type HttpRequest, httpRequests, requestNames } from "../gateways/requests.ts";
import { runAutocannon } from "../load/autocannon.ts";
import { h2load } from "../load/h2load.ts";
import { alternate } from "../measure/alternate.ts";
import { append, type Measure } from "../measure/measure.ts";
import { streamLength } from "../messages/frame.ts";
import type { Throughput } from "../peers/client-process.ts";
import { start } from "../process/start.ts";
import { type Bodies, writeBodies } from "./bodies.ts";
import type { Group, Outcome, Run } from "./group.ts";

/** Modules of `gateways/`, and what they understand. */
const contestants = {
  "in-process": httpRequests,
  "over-socket": httpRequests,
  fastify: httpRequests,
  "connect-node": connectRequests,
} as const;
type Contestant = keyof typeof contestants;

const connections = 50;

export const gateway: Group = {
  name: "gateway",
  about:
    "Requests, or messages of a stream, a second on one core, over 50 connections. `rpc` is our gateway; over a socket, the gRPC server is on the core of the load, and `gRPC client` is the rate of our own client's calls to it, from the gateway's core. `fastify` writes constants: the limit.",
  run,
};

async function run({ quick, load, progress }: Run): Promise<Outcome> {
  const starts = quick ? 1 : 3;
  const rounds = quick ? 2 : 4;
  const milliseconds = quick ? 300 : 800;
  const measures = requestNames.map((name) => {
    const unit = name === "stream of 1,000" ? "messages/s" : "requests/s";
    const measure = (where: string): Measure => ({ name: `${name}, ${where}`, unit, better: "more", samples: {} });
    return [name, measure("in process"), measure("over a socket")] as const;
  });
  await using bodies = await bodyFiles();
  for (let i = 1; i <= starts; i++) {
    await using stack = new AsyncDisposableStack();
    const upstream = stack.use(await start<number>("load", "gateways/upstream.js"));
    const client = stack.use(
      await start<null>("server", "peers/client-process.js", { peer: "rpc", target: { port: upstream.ready, ca: null } }),
    );
    const ports = new Map<Contestant, number>();
    for (const name of Object.keys(contestants) as Contestant[]) {
      progress(`start ${i}/${starts}: ${name}`);
      const process = stack.use(await start<number>("server", `gateways/${name}.js`, upstream.ready));
      ports.set(name, process.ready);
      for (const [what, request] of Object.entries(contestants[name])) await check(`${name}, ${what}`, process.ready, request);
    }
    for (const [name, inProcess, overSocket] of measures) {
      const perRequest = name === "stream of 1,000" ? streamLength : 1;
      const ask = async (contestant: Contestant) => {
        const { path, body, contentType } = contestants[contestant][name];
        const url = `http://127.0.0.1:${ports.get(contestant)}${path}`;
        const headers = contentType === undefined ? {} : { "content-type": contentType };
        const common = { url, headers, milliseconds, connections };
        const file =
          body === undefined
            ? undefined
            : bodies.files[`${contestants[contestant] === connectRequests ? "connect" : "http"} ${requestNames.indexOf(name)}`];
        if (load === "h2load") return perRequest * (await h2load({ ...common, streams: 1, http1: true, body: file }));
        return perRequest * (await runAutocannon({ ...common, body: file && (await readFile(file, "latin1")) }));
      };
      const throughput: Throughput = { call: perRequest === 1 ? "say" : "count", inFlight: connections, milliseconds };
      const call = async () => perRequest * (await client.ask<number>("throughput", throughput));
      const takes = { ...Object.fromEntries([...ports.keys()].map((one) => [one, () => ask(one)])), "gRPC client": call };
      progress(`start ${i}/${starts}: ${name}, warm-up`);
      for (const take of Object.values(takes)) await take();
      const onRound = (round: number) => progress(`start ${i}/${starts}: ${name}, round ${round + 1}/${rounds}`);
      const {
        "in-process": own = [],
        "over-socket": far = [],
        "gRPC client": calls = [],
        ...others
      } = await alternate(takes, rounds, onRound);
      append(inProcess.samples, { rpc: own, ...others });
      append(overSocket.samples, { rpc: far, "gRPC client": calls, ...others });
    }
  }
  return {
    measures: measures.flatMap(([, ...pair]) => pair),
    notes: [
      load === "h2load" ? "Loaded by h2load." : "Loaded by autocannon: h2load is not on this machine, or was not wanted.",
      "Go's grpc-gateway is left out: it is not on this machine as a program, and building one needs Go, protoc and its plugins.",
      "connect-node is asked in its own protocol, where a stream is not lines of JSON but enveloped messages.",
    ],
  };
}

function bodyFiles(): Promise<Bodies<string>> {
  const bodies: Record<string, string | Buffer> = {};
  for (const [protocol, requests] of [
    ["http", httpRequests],
    ["connect", connectRequests],
  ] as const) {
    for (const [i, name] of requestNames.entries()) bodies[`${protocol} ${i}`] = requests[name].body ?? "";
  }
  return writeBodies(bodies);
}

/** What is fast but wrong does not count. */
async function check(what: string, port: number, { path, body, contentType }: HttpRequest): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    ...(body !== undefined && { method: "POST", body: Buffer.from(body) }),
    ...(contentType !== undefined && { headers: { "content-type": contentType } }),
  });
  const text = await response.text();
  const messages = text.match(/"prodStock":998|"message":"success"|"name":"world"/g)?.length ?? 0;
  const expected = path.toLowerCase().includes("count") ? streamLength : 1;
  if (!response.ok || messages !== expected) throw new Error(`${what}: ${response.status} ${text.slice(0, 200)}`);
}
