// The group `gateway`: JSON over HTTP/1.1, served by our gateway over a socket and in process, by
// the limit, and by peers; and gRPC that the gateway passes through.
import { readFileSync } from "node:fs";
import { buildGrpcGateway } from "../gateways/grpc-gateway/build.ts";
import {
  connectRequests,
  constantRequests,
  gatewayRequests,
  goRequests,
  type HttpRequest,
  type Requests,
  requestNames,
} from "../gateways/requests.ts";
import { runAutocannon } from "../load/autocannon.ts";
import { h2load } from "../load/h2load.ts";
import { alternate } from "../measure/alternate.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import { streamLength } from "../messages/frame.ts";
import type { Throughput } from "../peers/client-process.ts";
import { type Sample, watch } from "../process/clock.ts";
import { type Process, start } from "../process/start.ts";
import { writeTemporary } from "../process/temporary.ts";
import { type Group, type Outcome, type Run, warmUpMs } from "./group.ts";
import { Load, measuresOf, waitingNote } from "./load.ts";

/** Modules in `gateways/`, and the requests that they understand. */
const contestants = {
  "in-process": ["in-process.js", gatewayRequests],
  "over-socket": ["over-socket.js", gatewayRequests],
  fastify: ["fastify.js", constantRequests],
  "connect-node": ["connect-node.js", connectRequests],
  "grpc-gateway": ["grpc-gateway/server.js", goRequests],
} as const satisfies Record<string, readonly [module: string, requests: Requests]>;

/** The names of what the gateway passes through, and of its start. */
export const passThroughName = "gRPC passed through, unary, 7 B";
export const manyMethodsName = "2,000 methods, until the first response";

export const gateway: Group = {
  name: "gateway",
  about:
    "Requests, or messages of a stream, per second on one core, over 50 connections, or 4 with streams. `rpc` is our gateway. Over a socket, the gRPC server runs on the core of the load, and `gRPC client` is the rate at which our client calls it from the gateway's core. `fastify` sends constants: the limit.",
  run,
};

/** The contestants of one request: in process, or over a socket. */
interface Rows {
  readonly name: (typeof requestNames)[number];
  readonly inProcess: Load;
  readonly overSocket: Load;
}

async function run({ quick, load, progress }: Run): Promise<Outcome> {
  const starts = quick ? 1 : 3;
  // autocannon measures whole seconds.
  const milliseconds = load === "node" ? 1000 : quick ? 400 : 500;
  progress("building Go's grpc-gateway");
  const go = buildGrpcGateway();
  const measured: Rows[] = requestNames.map((name) => {
    const unit = name === "stream of 1,000" ? "message" : "request";
    return { name, inProcess: new Load(`${name}, in process`, unit), overSocket: new Load(`${name}, over a socket`, unit) };
  });
  const passThrough = new Load(passThroughName, "call", "in process");
  const ready: Samples = {};
  for (let i = 1; i <= starts; i++) {
    await using stack = new AsyncDisposableStack();
    const upstream = stack.use(await start<number>("load", "gateways/upstream.js"));
    const target = { port: upstream.ready, ca: null };
    const client = stack.use(await start<null>("server", "peers/client-process.js", { peer: "rpc", target }));
    const servers: [string, Process<number>, Requests][] = [];
    for (const [name, [module, requests]] of Object.entries(contestants)) {
      if (name === "grpc-gateway" && go.program === undefined) continue;
      progress(`start ${i}/${starts}: ${name}`);
      const process = stack.use(await start<number>("server", `gateways/${module}`, { upstream: upstream.ready, program: go.program }));
      servers.push([name, process, requests]);
      for (const [what, request] of Object.entries(requests)) await check(`${name}, ${what}`, process.ready, request);
    }
    for (const [place, { name, inProcess, overSocket }] of measured.entries()) {
      const [perRequest, connections] = name === "stream of 1,000" ? [streamLength, 4] : [1, 50];
      const ask = async (port: number, { path, body, contentType }: HttpRequest, milliseconds: number) => {
        const headers = contentType === undefined ? {} : { "content-type": contentType };
        const common = { url: `http://127.0.0.1:${port}${path}`, headers, milliseconds, connections };
        const file = body === undefined ? undefined : writeTemporary("body", body);
        if (load === "h2load") return perRequest * (await h2load({ ...common, streams: 1, http1: true, body: file }));
        return perRequest * (await runAutocannon({ ...common, body: file && readFileSync(file, "latin1") }));
      };
      const throughput: Throughput = { call: perRequest === 1 ? "say" : "count", inFlight: connections, milliseconds };
      const asked = servers.flatMap(([one, process, requests]) => {
        const request = requests[name];
        return request === undefined ? [] : [{ one, process, ask: (milliseconds: number) => ask(process.ready, request, milliseconds) }];
      });
      const takes = Object.fromEntries([
        ...asked.map(({ one, process, ask }) => [one, () => watch(process, milliseconds, () => ask(milliseconds))] as const),
        ["gRPC client", () => watch(client, milliseconds, async () => perRequest * (await client.ask<number>("throughput", throughput)))],
      ]);
      progress(`start ${i}/${starts}: ${name}`);
      // After seconds of GET requests, a gateway's POST rate was two thirds of normal for one
      // second.
      const warmUp = (place === 0 ? 5000 : 2000) / (quick ? 2.5 : 1);
      for (const { ask } of asked) await ask(warmUp);
      await client.ask("throughput", { ...throughput, milliseconds: warmUp });
      const {
        "in-process": near = [],
        "over-socket": far = [],
        "gRPC client": calls = [],
        "grpc-gateway": goGateway,
        ...others
      } = await alternate(takes, 2);
      inProcess.add({ rpc: near, ...others });
      const optional: Record<string, Sample[]> = goGateway === undefined ? {} : { "grpc-gateway": goGateway };
      overSocket.add({ rpc: far, "in process": near, "gRPC client": calls, ...optional, ...others });
    }
    progress(`start ${i}/${starts}: ${passThroughName}`);
    passThrough.add(await passedThrough(stack, servers, quick));
    append(ready, { rpc: [await manyMethods()] });
  }
  const loads = [...measured.flatMap(({ inProcess, overSocket }) => [inProcess, overSocket]), passThrough];
  const start2000: Measure = { name: manyMethodsName, unit: "ms", better: "less", aside: true, samples: ready };
  return {
    measures: [...measuresOf(loads), start2000],
    notes: [
      load === "h2load" ? "Loaded by h2load." : "Loaded by autocannon: h2load is not installed, or was not selected.",
      go.program === undefined
        ? `Go's grpc-gateway is excluded: ${go.reason}.`
        : "Go's grpc-gateway is Debian's version 1.6, with one processor.",
      "connect-node is called in its own protocol, where a stream has enveloped messages instead of lines of JSON.",
      "gRPC is loaded by the engine's client, with 100 calls in flight on 4 connections. `rpc server` is the same service without a gateway. Over a socket, the upstream shares the core of the load.",
      ...waitingNote(loads, "server"),
    ],
  };
}

/** Unary calls of gRPC to the gateways, and to the server itself. */
async function passedThrough(
  stack: AsyncDisposableStack,
  servers: readonly (readonly [string, Process<number>, Requests])[],
  quick: boolean,
): Promise<Record<string, Sample[]>> {
  const driver = stack.use(await start<null>("load", "load/process.js"));
  const own = stack.use(await start<number>("server", "gateways/upstream.js"));
  const gateways = { "in process": "in-process", "over a socket": "over-socket" } as const;
  const processes: [string, Process<number>][] = [["rpc server", own]];
  for (const [name, module] of Object.entries(gateways)) {
    const process = servers.find(([one]) => one === module)?.[1];
    if (process !== undefined) processes.push([name, process]);
  }
  const calls = { ca: null, method: "Say", connections: 4, inFlight: 100 } as const;
  const milliseconds = 400;
  const turns: [string, () => Promise<Sample>][] = [];
  for (const [name, process] of processes) {
    const ask = (milliseconds: number) => driver.ask<number>("calls", { ...calls, port: process.ready, milliseconds });
    await driver.ask("check", { port: process.ready, ca: null, methods: ["Say"] });
    await ask(warmUpMs({ quick }, true));
    turns.push([name, () => watch(process, milliseconds, () => ask(milliseconds))]);
  }
  return alternate(Object.fromEntries(turns), 3);
}

/** Milliseconds from the descriptors of many methods to the first response, in a new process. */
async function manyMethods(): Promise<number> {
  await using process = await start<number>("server", "gateways/many-methods.js");
  return process.ready;
}

/** Checks that a server sends the right responses. */
async function check(what: string, port: number, { path, body, contentType }: HttpRequest): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    ...(body !== undefined && { method: "POST", body: Buffer.from(body) }),
    ...(contentType !== undefined && { headers: { "content-type": contentType } }),
  });
  const text = await response.text();
  const messages = text.match(/"(?:prodStock|prod_stock)":998|"message":"success"|"name":"world"/g)?.length ?? 0;
  const expected = path.toLowerCase().includes("count") ? streamLength : 1;
  if (!response.ok || messages !== expected) throw new Error(`${what}: ${response.status} ${text.slice(0, 200)}`);
}
