// Each process in turn is killed under load: its calls fail at once, calls of other processes
// continue, and the restarted process is used again.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { Greeter } from "@grpc-study/proto/helloworld";
import { Stream } from "@grpc-study/proto/streams";
import { createClient } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { startGateway } from "../gateway/gateways.ts";
import { askHttp1 } from "../gateway/http.ts";
import { type ServerProcess, serve } from "../harness/server.ts";
import { until } from "../harness/until.ts";
import { Load } from "./load.ts";

/** Much shorter than any deadline, keepalive or connect timeout; milliseconds. */
const soonMs = 3_000;
const perSecond = 200;
const timeoutMs = 20_000;

/** The number of sockets of this process. */
const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;

/** Kills a server and starts a new one on its port. */
async function replace(server: ServerProcess, topic: string): Promise<ServerProcess> {
  server.kill("SIGKILL");
  await server.exit;
  return await serve(topic, { args: ["--port", `${server.port}`] });
}

describe("SIGKILL under load", { concurrent: false, timeout: 60_000 }, () => {
  test("of a server, repeatedly: each call ends at once, the client reconnects, and no socket is left", async () => {
    const before = sockets();
    let server = await serve("helloworld");
    const client = createClient(Greeter, server.address, {
      backoff: { initialMs: 100, maxMs: 500 },
    });
    const load = new Load(perSecond, () => client.sayHello({ name: "a" }, { timeoutMs }));
    try {
      for (let times = 0; times < 3; times++) {
        const had = load.answered;
        await until(() => load.answered > had + perSecond / 4);
        server = await replace(server, "helloworld");
      }
      const had = load.answered;
      await until(() => load.answered > had + perSecond / 4);
    } finally {
      await load.stop();
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    }
    expect(Object.keys(load.codes).sort()).toEqual(["OK", "UNAVAILABLE"]);
    expect(Math.max(...load.ended.map(({ tookMs }) => tookMs))).toBeLessThan(soonMs);
    await until(() => sockets() <= before);
  });

  // The process ids of the workers come from /proc, which only Linux has.
  test.skipIf(process.platform !== "linux")(
    "of a worker: only the calls on its connections fail, and a new worker replaces it",
    async () => {
      await using server = await serve("streams", { args: ["--workers", "2"] });
      const { pid } = server;
      const children = async () => (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ").filter(Boolean).map(Number);
      expect(await children()).toHaveLength(2);
      // Each client has its own connection, and one of the workers accepted it.
      const clients = Array.from({ length: 10 }, () => createClient(Stream, server.address, { pool: false }));
      const streams = clients.map((client) => client.conversations());
      const turn = async (stream: (typeof streams)[number]) =>
        (await stream.send({ question: "a" })) && (await stream.recv()) !== undefined;
      expect(await Promise.all(streams.map(turn))).not.toContain(false);

      const [victim = 0] = await children();
      process.kill(victim, "SIGKILL");
      const start = performance.now();
      await until(async () => (await children()).filter((child) => child !== victim).length === 2);
      const alive = await Promise.all(streams.map((stream) => turn(stream).catch(() => false)));
      expect(performance.now() - start, "milliseconds until the lost calls have ended").toBeLessThan(10_000);
      for (const stream of streams) stream.closeSend();
      const survivors = alive.filter(Boolean).length;
      expect(survivors, "streams of the other worker").toBeGreaterThan(0);
      expect(survivors).toBeLessThan(streams.length);
      // Either worker serves all clients again.
      const again = await Promise.all(clients.map((client) => Array.fromAsync(client.conversations([{ question: "b" }], { timeoutMs }))));
      expect(again.map((answers) => answers.length)).toEqual(clients.map(() => 1));
      for (const client of clients) client[Symbol.dispose]();
    },
  );

  test("of the gateway: its requests fail at once, the server behind it continues, and a new gateway replaces it", async () => {
    await using server = await serve("shop", { args: ["--security", "plain"] });
    await using gateway = await startGateway(server.address);
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const ask = async () => {
      const sent = request(`${gateway.url}/v1/prod/1?prod_area=B`, { agent }).end();
      const [response] = await once(sent, "response");
      await text(response);
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
    };
    // The first call waits until the server has opened its store.
    await ask();
    const load = new Load(perSecond, ask);
    await until(() => load.answered > perSecond / 4);
    gateway.kill("SIGKILL");
    expect(await gateway.exit).toEqual({ status: null, signal: "SIGKILL" });
    const had = load.answered;
    await using _another = await startGateway(server.address, [], { listen: `127.0.0.1:${new URL(gateway.url).port}` });
    await until(() => load.answered > had + perSecond / 4);
    await load.stop();
    agent.destroy();
    expect(Math.max(...load.ended.map(({ tookMs }) => tookMs))).toBeLessThan(soonMs);
    expect(server.faults).toEqual([]);
  });

  test("of the gateway's upstream: the gateway responds with 503 and Retry-After at once, and then with 200 again", async () => {
    let server = await serve("shop", { args: ["--security", "plain"] });
    await using gateway = await startGateway(server.address);
    try {
      const answers = new Map<number | undefined, unknown>();
      let slowestFailureMs = 0;
      const ask = async () => {
        const start = performance.now();
        const { status, headers } = await askHttp1(`${gateway.url}/v1/prod/1?prod_area=B`);
        answers.set(status, headers["retry-after"]);
        if (status === 200) return;
        slowestFailureMs = Math.max(slowestFailureMs, performance.now() - start);
        throw new Error(`status ${status}`);
      };
      const load = new Load(perSecond / 2, ask);
      await until(() => load.answered > 20);
      server.kill("SIGKILL");
      await server.exit;
      await until(() => answers.has(503));
      server = await serve("shop", { args: ["--security", "plain", "--port", `${server.port}`] });
      const had = load.answered;
      await until(() => load.answered > had + 20);
      await load.stop();
      expect(Object.fromEntries(answers)).toEqual({ 200: undefined, 503: "1" });
      // Calls that succeed may have waited for the store of the new server, whose start takes CPU time
      // from the gateway.
      expect(slowestFailureMs).toBeLessThan(2 * soonMs);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});
