// The group `gateway`: JSON over HTTP/1.1, served by our gateway over a socket and in process, by
// the limit, and by a peer.
import { readFileSync } from "node:fs";
import { connectRequests, type HttpRequest, httpRequests, requestNames } from "../gateways/requests.ts";
import { runAutocannon } from "../load/autocannon.ts";
import { h2load } from "../load/h2load.ts";
import { alternate } from "../measure/alternate.ts";
import { streamLength } from "../messages/frame.ts";
import type { Throughput } from "../peers/client-process.ts";
import { watch } from "../process/clock.ts";
import { type Process, start } from "../process/start.ts";
import { writeTemporary } from "../process/temporary.ts";
import type { Group, Outcome, Run } from "./group.ts";
import { Load, measuresOf, waitingNote } from "./load.ts";

/** Modules in `gateways/`, and the requests that they understand. */
const contestants = {
  "in-process": httpRequests,
  "over-socket": httpRequests,
  fastify: httpRequests,
  "connect-node": connectRequests,
} as const;

export const gateway: Group = {
  name: "gateway",
  about:
    "Requests, or messages of a stream, per second on one core, over 50 connections, or 4 with streams. `rpc` is our gateway. Over a socket, the gRPC server runs on the core of the load, and `gRPC client` is the rate at which our client calls it from the gateway's core. `fastify` sends constants: the limit.",
  run,
};

async function run({ quick, load, progress }: Run): Promise<Outcome> {
  const starts = quick ? 1 : 3;
  // autocannon measures whole seconds.
  const milliseconds = load === "node" ? 1000 : quick ? 400 : 500;
  const measured = requestNames.map((name) => {
    const unit = name === "stream of 1,000" ? "message" : "request";
    return [name, new Load(`${name}, in process`, unit), new Load(`${name}, over a socket`, unit)] as const;
  });
  for (let i = 1; i <= starts; i++) {
    await using stack = new AsyncDisposableStack();
    const upstream = stack.use(await start<number>("load", "gateways/upstream.js"));
    const target = { port: upstream.ready, ca: null };
    const client = stack.use(await start<null>("server", "peers/client-process.js", { peer: "rpc", target }));
    const servers: [string, Process<number>, typeof httpRequests][] = [];
    for (const [name, requests] of Object.entries(contestants)) {
      progress(`start ${i}/${starts}: ${name}`);
      const process = stack.use(await start<number>("server", `gateways/${name}.js`, upstream.ready));
      servers.push([name, process, requests]);
      for (const [what, request] of Object.entries(requests)) await check(`${name}, ${what}`, process.ready, request);
    }
    for (const [place, [name, inProcess, overSocket]] of measured.entries()) {
      const [perRequest, connections] = name === "stream of 1,000" ? [streamLength, 4] : [1, 50];
      const ask = async (port: number, { path, body, contentType }: HttpRequest, milliseconds: number) => {
        const headers = contentType === undefined ? {} : { "content-type": contentType };
        const common = { url: `http://127.0.0.1:${port}${path}`, headers, milliseconds, connections };
        const file = body === undefined ? undefined : writeTemporary("body", body);
        if (load === "h2load") return perRequest * (await h2load({ ...common, streams: 1, http1: true, body: file }));
        return perRequest * (await runAutocannon({ ...common, body: file && readFileSync(file, "latin1") }));
      };
      const throughput: Throughput = { call: perRequest === 1 ? "say" : "count", inFlight: connections, milliseconds };
      const takes = Object.fromEntries([
        ...servers.map(
          ([one, process, requests]) =>
            [one, () => watch(process, milliseconds, () => ask(process.ready, requests[name], milliseconds))] as const,
        ),
        ["gRPC client", () => watch(client, milliseconds, async () => perRequest * (await client.ask<number>("throughput", throughput)))],
      ]);
      progress(`start ${i}/${starts}: ${name}`);
      // After seconds of GET requests, a gateway's POST rate was two thirds of normal for one
      // second.
      const warmUp = (place === 0 ? 5000 : 2000) / (quick ? 2.5 : 1);
      for (const [, process, requests] of servers) await ask(process.ready, requests[name], warmUp);
      await client.ask("throughput", { ...throughput, milliseconds: warmUp });
      const { "in-process": near = [], "over-socket": far = [], "gRPC client": calls = [], ...others } = await alternate(takes, 2);
      inProcess.add({ rpc: near, ...others });
      overSocket.add({ rpc: far, "gRPC client": calls, ...others });
    }
  }
  const loads = measured.flatMap(([, inProcess, overSocket]) => [inProcess, overSocket]);
  return {
    measures: measuresOf(loads),
    notes: [
      load === "h2load" ? "Loaded by h2load." : "Loaded by autocannon: h2load is not installed, or was not selected.",
      "Go's grpc-gateway is excluded: it requires Go, protoc and their plugins, and this package is built with npm alone.",
      "connect-node is called in its own protocol, where a stream has enveloped messages instead of lines of JSON.",
      ...waitingNote(loads, "server"),
    ],
  };
}

/** Checks that a server sends the right responses. */
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
