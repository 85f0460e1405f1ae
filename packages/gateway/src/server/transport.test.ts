// Connections as clients have them who are not ours: plaintext HTTP/2 that leaves, upgrades to it, pipelining, and the end of the server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { Code, createServer, implement, RpcError } from "@grpc-study/rpc";
import { pino } from "pino";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { Things } from "../../test/gen/things_pb.js";
import { data, frame, opening, requestHeader } from "../../test/http2-frames.ts";
import { createGateway, type GatewayServerOptions } from "./create-gateway.ts";

/** What is to be noticed is noticed at once, and not by a time limit. */
const patient = { headersTimeoutMs: 600_000, keepAliveTimeoutMs: 600_000 };

/** Calls wait while they are asked for `wait`; streams always do. */
async function start(options: Partial<GatewayServerOptions> = {}) {
  const calls = { running: 0, most: 0, cancelled: 0 };
  const server = createServer({ onError: () => {} });
  const waiting = async (signal: AbortSignal) => {
    calls.most = Math.max(calls.most, ++calls.running);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    calls.running--;
    calls.cancelled++;
    throw RpcError.from(signal.reason);
  };
  server.add(
    implement(Things, {
      get: async (thing, { signal }) => {
        if (thing.stringValue === "wait") await waiting(signal);
        calls.most = Math.max(calls.most, ++calls.running);
        await nextTurn();
        calls.running--;
        return thing;
      },
      create: (thing) => thing,
      async *list(_request, { signal }) {
        yield {};
        await waiting(signal);
      },
      async *talk(requests, { signal }) {
        for await (const request of requests) yield request;
        await waiting(signal);
      },
    }),
  );
  const app = await createGateway({ services: [Things], upstream: server.channel(), graceMs: 0, limits: patient, ...options });
  onTestFinished(async () => {
    await app.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { app, url, port: Number(new URL(url).port), calls };
}

function open(port: number): Socket {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Everything that comes until the connection is closed. */
async function answer(port: number, bytes: string): Promise<string> {
  const socket = open(port);
  socket.write(bytes);
  return text(socket);
}

const statuses = (got: string): number[] => [...got.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

describe("a client of plaintext HTTP/2", () => {
  const exits = ["end", "destroy", "resetAndDestroy"] as const;

  test.each(exits)("that leaves (%s) ends its calls at once", async (exit) => {
    const { port, calls } = await start();
    const socket = open(port);
    socket.write(
      Buffer.concat([opening, requestHeader(1, { ":path": "/v1/list" }, true), requestHeader(3, { ":path": "/v1/things/wait" }, true)]),
    );
    await vi.waitUntil(() => calls.running === 2);
    socket[exit]();
    await vi.waitUntil(() => calls.cancelled === 2);
    // The other half is closed as well.
    await new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once("close", resolve).resume()));
  });

  test.each(exits)("that leaves (%s) makes room, whatever it has sent", async (exit) => {
    const { port, url } = await start({ limits: { ...patient, maxConnections: 10 } });
    for (const bytes of [opening, opening.subarray(0, 10), Buffer.concat([opening, frame(1, 0, 1, Buffer.of(0x82))])]) {
      const crowd = Array.from({ length: 10 }, () => open(port));
      for (const socket of crowd) socket.write(bytes);
      await vi.waitUntil(async () => (await fetch(`${url}/v1/things/a`).catch(() => undefined)) === undefined);
      for (const socket of crowd) socket[exit]();
      await vi.waitUntil(async () => (await fetch(`${url}/v1/things/a`).catch(() => undefined))?.status === 200, 10_000);
    }
  });
});

describe("a protocol is told by its first bytes, however they come", () => {
  test.each([
    ["HTTP/2", opening, Buffer.of(0, 0)],
    ["POST", Buffer.from("POST /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"), Buffer.from("HTTP/1.1 404")],
    ["PROPFIND", Buffer.from("PROPFIND /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"), Buffer.from("HTTP/1.1 404")],
  ])("%s", async (_, bytes, expected) => {
    const { port } = await start();
    for (const parts of [[...bytes].slice(0, 6).map((byte) => Buffer.of(byte)), [bytes.subarray(0, 2)], []]) {
      const socket = open(port).setNoDelay();
      await once(socket, "connect");
      for (const part of parts) {
        socket.write(part);
        await delay(20);
      }
      socket.write(bytes.subarray(Buffer.concat(parts).length));
      const [got] = (await once(socket, "data")) as [Buffer];
      expect(got.subarray(0, expected.length)).toEqual(expected);
    }
  });
});

describe("an upgrade that is for no WebSocket is ignored", () => {
  const h2c = "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nUpgrade: h2c\r\n";
  const json = '{"int32Value":1}';
  const last = "GET /v1/things/last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

  test.each([
    ["GET", `GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\n${h2c}\r\n`, 200],
    ["HEAD", `HEAD /v1/things/a HTTP/1.1\r\nHost: localhost\r\n${h2c}\r\n`, 200],
    [
      "POST",
      `POST /v1/things HTTP/1.1\r\nHost: localhost\r\n${h2c}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`,
      200,
    ],
    [
      "POST in chunks",
      `POST /v1/things HTTP/1.1\r\nHost: localhost\r\n${h2c}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      200,
    ],
    ["a path that is none", `GET /none HTTP/1.1\r\nHost: localhost\r\n${h2c}\r\n`, 404],
    ["/openapi.json", `GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n${h2c}\r\n`, 200],
    ["a stream of requests", `GET /v1/talk HTTP/1.1\r\nHost: localhost\r\nGrpc-Timeout: 500m\r\n${h2c}\r\n`, 200],
    ["an unknown protocol", "GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: IRC/6.9\r\n\r\n", 200],
    ["a WebSocket by POST", "POST /v1/things HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 200],
  ])("%s, and the connection goes on", async (_, request, status) => {
    const { port } = await start();
    const got = await answer(port, request + last);
    expect(statuses(got)).toEqual([status, 200]);
    expect(got).toContain('{"stringValue":"last"}');
    expect(got).not.toMatch(/^upgrade:/im);
    if (request.includes(json)) expect(got).toContain(json);
  });

  test("whatever comes late of the body", async () => {
    const { port } = await start();
    const socket = open(port);
    socket.write(
      `POST /v1/things HTTP/1.1\r\nHost: localhost\r\n${h2c}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n{`,
    );
    await delay(50);
    socket.write(json.slice(1) + last);
    const got = await text(socket);
    expect(statuses(got)).toEqual([200, 200]);
    expect(got).toContain(json);
  });

  test.each([
    ["GET", []],
    ["POST", ["-H", "content-type: application/json", "-d", json]],
  ])("by curl --http2, %s", async (_, more) => {
    const { url } = await start();
    const args = ["--http2", "-s", "-w", " %{http_code} %{http_version}", ...more, `${url}/v1/things${more.length === 0 ? "/a" : ""}`];
    const curl = spawn("curl", args);
    const stdout = text(curl.stdout);
    const [status] = await Promise.race([once(curl, "close"), once(curl, "error").then(() => ["absent"])]);
    // A machine without curl.
    if (status === "absent") return;
    expect(await stdout).toBe(more.length === 0 ? '{"stringValue":"a"} 200 1.1' : `${json} 200 1.1`);
  });
});

describe("pipelining", () => {
  const get = (name: string) => `GET /v1/things/${name} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const post = (body: string) =>
    `POST /v1/things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  test("no more requests of a connection run than allowed, and all are answered in order", async () => {
    const { port, calls } = await start();
    const socket = open(port);
    const count = 3_000;
    socket.write(Array.from({ length: count }, (_, index) => get(String(index))).join(""));
    let got = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      got += chunk;
    });
    await vi.waitUntil(() => got.includes(`"${count - 1}"`), 25_000);
    expect([...got.matchAll(/"stringValue":"(\d+)"/g)].map(([, name]) => Number(name))).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
    expect(calls.most).toBeLessThanOrEqual(16);
    expect(calls.most).toBeGreaterThan(1);
  });

  test("with bodies as well", async () => {
    const { port } = await start({ limits: { ...patient, maxPipelined: 2 } });
    const count = 1_000;
    const requests = Array.from({ length: count }, (_, index) => post(`{"int32Value":${index + 1}}`));
    const got = await answer(port, `${requests.join("")}GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect([...got.matchAll(/"int32Value":(\d+)/g)]).toHaveLength(count);
  });

  // What comes first decides how Node reads the rest.
  test.each([1, 10, 17, 100, 2_000])("a connection whose requests all wait is not read, with %i requests at first", async (first) => {
    const { port, calls } = await start();
    const socket = open(port);
    let closed = false;
    socket.once("close", () => {
      closed = true;
    });
    socket.write(get("wait").repeat(first));
    await vi.waitUntil(() => calls.running === Math.min(first, 16), 10_000);
    // More than the gateway keeps of all connections, and than the system's buffers hold.
    const many = get("wait").repeat(2_000);
    let written = 0;
    while (written < 30_000_000 && !closed) {
      if (socket.writableLength > 0) break;
      socket.write(many);
      written += many.length;
      await delay(20);
    }
    await delay(100);
    expect([calls.running, closed]).toEqual([16, false]);
    expect(written).toBeLessThan(30_000_000);
    socket.destroy();
  });

  test("a client that leaves ends all its calls", async () => {
    const { port, calls } = await start();
    const socket = open(port);
    socket.write(get("wait").repeat(10));
    await vi.waitUntil(() => calls.running === 10);
    socket.destroy();
    await vi.waitUntil(() => calls.cancelled === 10);
  });

  test("a client that leaves behind more than may run ends all its calls, when the connection has stalled for long enough", async () => {
    const { port, calls } = await start({ limits: { ...patient, keepAliveTimeoutMs: 300 } });
    const socket = open(port);
    socket.write(get("wait").repeat(100));
    await vi.waitUntil(() => calls.running === 16);
    socket.destroy();
    await vi.waitUntil(() => calls.cancelled === 16, 5_000);
    expect(calls.running).toBe(0);
  });
});

describe("the end of the server", () => {
  const half: Readonly<Record<string, string | Buffer>> = {
    "a silent connection": "",
    "half a header": "GET /v1/things/a HTTP/1.1\r\nHost: local",
    "half a body": "POST /v1/things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    "half a stream of requests":
      "POST /v1/talk/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{}\n",
    "a connection that is kept alive": "GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a connection that is kept alive, with half a header": "GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /",
    events: "GET /v1/list HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n",
    "a call": "GET /v1/things/wait HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "pipelined calls": "GET /v1/things/wait HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50),
    "a WebSocket that says nothing":
      "GET /v1/talk HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    "half of HTTP/2's preface": opening.subarray(0, 12),
    "an idle connection of HTTP/2": opening,
    "half a header of HTTP/2": Buffer.concat([opening, frame(1, 0, 1, Buffer.of(0x82))]),
    "half a body of HTTP/2": Buffer.concat([
      opening,
      requestHeader(1, { ":method": "POST", ":path": "/v1/things", "content-type": "application/json" }),
      data(1, "{"),
    ]),
    "a stream of HTTP/2": Buffer.concat([opening, requestHeader(1, { ":path": "/v1/list" }, true)]),
  };

  test.each(Object.entries(half))("comes within the grace: %s", async (_, bytes) => {
    const { app, port } = await start({ graceMs: 300, bodyTimeoutMs: 600_000 });
    for (const read of [true, false]) {
      const socket = open(port);
      if (read) socket.resume();
      socket.write(bytes);
    }
    await delay(150);
    // Each of the limits of time is ten minutes, a test's half of one.
    await app.close();
  });

  test("leaves no timer of a body whose response came first", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((type) => type === "Timeout").length;
    const before = timers();
    const { app, port } = await start({ graceMs: 100, bodyTimeoutMs: 600_000 });
    const sockets = Array.from({ length: 10 }, () => open(port));
    for (const socket of sockets) socket.write(half["half a stream of requests"] ?? "");
    await Promise.all(sockets.map((socket) => once(socket, "data")));
    await app.close();
    // The process would live on for as long as a body may take.
    expect(timers() - before).toBeLessThan(sockets.length / 2);
  });

  test("comes within the grace for all addresses of localhost", async () => {
    const { app } = await start({ graceMs: 300 });
    await app.close();
    const other = await createGateway({ services: [Things], upstream: "localhost:1", graceMs: 300, limits: patient });
    const { port } = new URL(await other.listen({ host: "localhost", port: 0 }));
    for (const address of ["127.0.0.1", "::1"]) {
      const socket = connect(Number(port), address).on("error", () => {});
      onTestFinished(() => void socket.destroy());
      // Without IPv6, nobody is there.
      await once(socket, "connect").then(
        () => socket.write("GET /"),
        () => {},
      );
    }
    await other.close();
  });

  test("gives a request that is on its way the time to come", async () => {
    const { app, port, url } = await start({ graceMs: 5_000 });
    const socket = open(port);
    socket.write("GET /v1/things/a HTTP/1.1\r\nHost: local");
    // What has been written before is read before.
    for (let times = 0; times < 3; times++) await (await fetch(`${url}/v1/things/a`)).text();
    const end = app.close();
    await delay(200);
    socket.write("host\r\n\r\n");
    const got = text(socket);
    await end;
    expect(await got).toMatch(/^HTTP\/1\.1 200 .*"stringValue":"a"/s);
  });
});

describe("what a client must not say", () => {
  test("two hosts: 400", async () => {
    const { port, url } = await start();
    for (const hosts of ["Host: localhost\r\nHost: localhost", "Host: localhost\r\nX: y\r\nhOST: evil.example"]) {
      expect(statuses(await answer(port, `GET /v1/things/a HTTP/1.1\r\n${hosts}\r\n\r\n`))).toEqual([400]);
    }
    const session = connectHttp2(url);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/v1/things/a", ":authority": "localhost", host: "127.0.0.1" });
    expect((await once(stream, "response"))[0][":status"]).toBe(400);
  });

  test("a method that nobody knows, over HTTP/2: 501, and no list of routes in the log", async () => {
    const lines: string[] = [];
    const { url } = await start({ logger: pino({}, { write: (line: string) => void lines.push(line) }) });
    const session = connectHttp2(url);
    onTestFinished(() => session.destroy());
    for (const method of ["NONSENSE", "get"]) {
      const stream = session.request({ ":method": method, ":path": "/v1/things/a" }).setEncoding("utf8");
      const [[headers], body] = await Promise.all([once(stream, "response"), text(stream)]);
      expect([headers[":status"], JSON.parse(body)]).toMatchObject([501, { code: Code.UNIMPLEMENTED }]);
    }
    expect(lines.join("")).not.toMatch(/└|├|bug/);
  });

  const expecting = (path: string, more: string) =>
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n${more}\r\n`;

  test.each([
    ["a path that is none", "/none", "Content-Length: 2\r\n", 404],
    ["a method that is not allowed", "/v1/list/x", "Content-Length: 2\r\n", 404],
    ["a body that is too long", "/v1/things", "Content-Length: 99999999\r\n", 413],
    ["a body of another type", "/v1/things", "Content-Length: 2\r\nContent-Encoding: br\r\n", 415],
    ["a stream of another type", "/v1/talk/a", "Content-Length: 2\r\nContent-Encoding: br\r\n", 415],
    ["a host that is none", "/v1/things", "Host: a\r\nContent-Length: 2\r\n", 400],
  ])("%s, and wait for 100 Continue: the refusal alone", async (_, path, more, status) => {
    const { port } = await start();
    expect(statuses(await answer(port, expecting(path, more)))).toEqual([status]);
  });

  test("a body that is wanted is asked for, and the connection goes on", async () => {
    const { port } = await start();
    for (const path of ["/v1/things", "/v1/talk/a"]) {
      const socket = open(port).setEncoding("latin1");
      socket.write(expecting(path, `Grpc-Timeout: 100m\r\nContent-Length: 2\r\n`));
      const [first] = await once(socket, "data");
      expect(first).toBe("HTTP/1.1 100 Continue\r\n\r\n");
      socket.write("{}GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      expect(statuses(await text(socket))).toEqual([200, 200]);
    }
  });

  test("over HTTP/2, a body that is wanted is asked for, and one that is refused is not", async () => {
    const { url } = await start();
    const session = connectHttp2(url);
    onTestFinished(() => session.destroy());
    for (const [path, expected] of [
      ["/v1/things", [100, 200]],
      ["/none", [404]],
    ] as const) {
      const got: number[] = [];
      const stream = session.request({ ":method": "POST", ":path": path, expect: "100-continue", "content-type": "application/json" });
      stream.on("continue", () => got.push(100)).on("continue", () => stream.end("{}"));
      const [headers] = await once(stream, "response");
      expect([...got, headers[":status"]]).toEqual(expected);
    }
  });
});

describe("a request of another site", () => {
  const ask = async (port: number, host: string, more = "") =>
    statuses(await answer(port, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`))[0];

  test("for a name that is not the server's: 421, and those of loopback are", async () => {
    const { port } = await start();
    for (const host of ["localhost", `localhost:${port}`, "LOCALHOST", "127.0.0.1", `127.0.0.1:${port}`, "[::1]", "[::1]:80"]) {
      expect([host, await ask(port, host)]).toEqual([host, 200]);
    }
    for (const host of [
      "evil.example",
      `evil.example:${port}`,
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "10.0.0.1",
      "x",
      "",
      "a b",
    ]) {
      expect([host, await ask(port, host)]).toEqual([host, 421]);
    }
    const paths = ["/v1/things/a", "/docs", "/openapi.json", "/none", "http://evil.example/v1/things/a"];
    for (const path of paths) {
      const host = path.startsWith("http") ? "localhost" : "evil.example";
      expect(statuses(await answer(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))).toEqual([421]);
    }
  });

  test("over HTTP/2, and for a WebSocket", async () => {
    const { url, port } = await start();
    const session = connectHttp2(url);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/v1/things/a", ":authority": "evil.example" });
    expect((await once(stream, "response"))[0][":status"]).toBe(421);
    // What DNS rebinding looks like: the page's origin is the host.
    const headers = { host: `evil.example:${port}`, origin: `http://evil.example:${port}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/list`, { headers }).on("error", () => {});
    const [, response] = await once(socket, "unexpected-response");
    expect(response.statusCode).toBe(421);
    response.destroy();
  });

  test("an option names the hosts, and is all there is", async () => {
    const { port } = await start({ allowedHosts: ["Shop.example", "api.example:8080"] });
    expect(await ask(port, "shop.example:1234")).toBe(200);
    expect(await ask(port, "api.example:8080")).toBe(200);
    expect(await ask(port, "api.example:8081")).toBe(421);
    expect(await ask(port, "localhost")).toBe(421);
    const all = await start({ allowedHosts: ["*"] });
    expect(await ask(all.port, "anything.example")).toBe(200);
  });

  test("that changes something: 403, unless its origin is allowed", async () => {
    const { url } = await start({ cors: ["https://shop.example"], allowedOrigins: ["https://sockets.example"] });
    const send = async (headers: Record<string, string>, method = "POST", path = "/v1/query") =>
      (await fetch(url + path, { method, headers })).status;
    expect(await send({})).toBe(200);
    expect(await send({ origin: url })).toBe(200);
    expect(await send({ origin: url, "sec-fetch-site": "same-origin" })).toBe(200);
    expect(await send({ origin: "https://shop.example", "sec-fetch-site": "cross-site" })).toBe(200);
    expect(await send({ origin: "https://sockets.example" })).toBe(200);
    expect(await send({ origin: "https://evil.example" })).toBe(403);
    expect(await send({ origin: "null" })).toBe(403);
    expect(
      await send({ origin: "https://evil.example", "sec-fetch-site": "cross-site", "content-type": "text/plain" }, "POST", "/v1/raw"),
    ).toBe(403);
    expect(await send({ "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await send({ origin: "http://127.0.0.1:1", "sec-fetch-site": "same-site" }, "DELETE", "/v1/body/message")).toBe(403);
    expect(await send({ origin: "https://evil.example" }, "GET", "/v1/query")).toBe(200);
  });
});
