// Unusual clients: plaintext HTTP/2, h2c upgrades, pipelining, aborted connections, and shutdown.
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
import { createGateway } from "../gateway.ts";
import type { GatewayServerOptions } from "../options.ts";

/** Long time limits, so that only events end a connection. */
const patient = { headersTimeoutMs: 600_000, keepAliveTimeoutMs: 600_000 };

/** Starts a gateway. Calls for `wait` and all streams run until they are cancelled. */
async function start(options: Partial<GatewayServerOptions> = {}) {
  const calls = { running: 0, max: 0, cancelled: 0 };
  const server = createServer({ onError: () => {} });
  const waiting = async (signal: AbortSignal) => {
    calls.max = Math.max(calls.max, ++calls.running);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    calls.running--;
    calls.cancelled++;
    throw RpcError.from(signal.reason);
  };
  server.add(
    implement(Things, {
      get: async (thing, { signal }) => {
        if (thing.stringValue === "wait") await waiting(signal);
        calls.max = Math.max(calls.max, ++calls.running);
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
  const app = createGateway({ services: [Things], upstream: server.channel(), graceMs: 0, limits: patient, ...options });
  onTestFinished(async () => {
    await app.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const { url, port } = await app.listen("127.0.0.1:0");
  return { app, url, port, calls };
}

function open(port: number): Socket {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Sends bytes, and returns all that arrives until the connection closes. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = open(port);
  socket.write(bytes);
  return text(socket);
}

const statuses = (text: string): number[] => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

describe("a plaintext HTTP/2 client", () => {
  const exits = ["end", "destroy", "resetAndDestroy"] as const;

  test.each(exits)("that disconnects (%s) cancels its calls at once", async (exit) => {
    const { port, calls } = await start();
    const socket = open(port);
    socket.write(
      Buffer.concat([opening, requestHeader(1, { ":path": "/v1/list" }, true), requestHeader(3, { ":path": "/v1/things/wait" }, true)]),
    );
    await vi.waitUntil(() => calls.running === 2);
    socket[exit]();
    await vi.waitUntil(() => calls.cancelled === 2);
    // The server closes its side, too.
    await new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once("close", resolve).resume()));
  });

  test.each(exits)("that disconnects (%s) frees its connection, whatever it has sent", async (exit) => {
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

describe("detects the protocol by the first bytes, however they are split", () => {
  test.each([
    ["HTTP/2", opening, Buffer.of(0, 0)],
    ["POST", Buffer.from("POST /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"), Buffer.from("HTTP/1.1 404")],
    ["PROPFIND", Buffer.from("PROPFIND /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"), Buffer.from("HTTP/1.1 404")],
  ])("%s", async (_, bytes, expected) => {
    const { port } = await start();
    for (const pieces of [[...bytes].slice(0, 6).map((byte) => Buffer.of(byte)), [bytes.subarray(0, 2)], []]) {
      const socket = open(port).setNoDelay();
      await once(socket, "connect");
      for (const piece of pieces) {
        socket.write(piece);
        await delay(20);
      }
      socket.write(bytes.subarray(Buffer.concat(pieces).length));
      const [received] = (await once(socket, "data")) as [Buffer];
      expect(received.subarray(0, expected.length)).toEqual(expected);
    }
  });
});

describe("an upgrade other than WebSocket is ignored", () => {
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
    ["an unknown path", `GET /none HTTP/1.1\r\nHost: localhost\r\n${h2c}\r\n`, 404],
    ["/openapi.json", `GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n${h2c}\r\n`, 200],
    ["a stream of requests", `GET /v1/talk HTTP/1.1\r\nHost: localhost\r\nGrpc-Timeout: 500m\r\n${h2c}\r\n`, 200],
    ["an unknown protocol", "GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: IRC/6.9\r\n\r\n", 200],
    ["a WebSocket by POST", "POST /v1/things HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 200],
  ])("%s, and the connection stays usable", async (_, request, status) => {
    const { port } = await start();
    const received = await exchange(port, request + last);
    expect(statuses(received)).toEqual([status, 200]);
    expect(received).toContain('{"stringValue":"last"}');
    expect(received).not.toMatch(/^upgrade:/im);
    if (request.includes(json)) expect(received).toContain(json);
  });

  test("with a body that arrives late", async () => {
    const { port } = await start();
    const socket = open(port);
    socket.write(
      `POST /v1/things HTTP/1.1\r\nHost: localhost\r\n${h2c}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n{`,
    );
    await delay(50);
    socket.write(json.slice(1) + last);
    const received = await text(socket);
    expect(statuses(received)).toEqual([200, 200]);
    expect(received).toContain(json);
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
    // curl is not installed.
    if (status === "absent") return;
    expect(await stdout).toBe(more.length === 0 ? '{"stringValue":"a"} 200 1.1' : `${json} 200 1.1`);
  });
});

describe("pipelining", () => {
  const get = (name: string) => `GET /v1/things/${name} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const post = (body: string) =>
    `POST /v1/things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  test("limits concurrent requests on a connection, and responds in order", async () => {
    const { port, calls } = await start();
    const socket = open(port);
    const count = 3_000;
    socket.write(Array.from({ length: count }, (_, index) => get(String(index))).join(""));
    let received = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      received += chunk;
    });
    await vi.waitUntil(() => received.includes(`"${count - 1}"`), 25_000);
    expect([...received.matchAll(/"stringValue":"(\d+)"/g)].map(([, name]) => Number(name))).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
    expect(calls.max).toBeLessThanOrEqual(16);
    expect(calls.max).toBeGreaterThan(1);
  });

  test("limits requests with bodies", async () => {
    const { port } = await start({ limits: { ...patient, maxPipelined: 2 } });
    const count = 1_000;
    const requests = Array.from({ length: count }, (_, index) => post(`{"int32Value":${index + 1}}`));
    const received = await exchange(port, `${requests.join("")}GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect([...received.matchAll(/"int32Value":(\d+)/g)]).toHaveLength(count);
  });

  // The number of requests in the first read determines how Node reads the rest.
  test.each([1, 10, 17, 100, 2_000])("pauses a connection whose requests all wait, with %i requests at first", async (first) => {
    const { port, calls } = await start();
    const socket = open(port);
    let closed = false;
    socket.once("close", () => {
      closed = true;
    });
    socket.write(get("wait").repeat(first));
    await vi.waitUntil(() => calls.running === Math.min(first, 16), 10_000);
    // More than the gateway queues and the system buffers.
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

  test("a client that disconnects cancels all its calls", async () => {
    const { port, calls } = await start();
    const socket = open(port);
    socket.write(get("wait").repeat(10));
    await vi.waitUntil(() => calls.running === 10);
    socket.destroy();
    await vi.waitUntil(() => calls.cancelled === 10);
  });

  test("a client that disconnects with queued requests cancels its calls once the connection has stalled", async () => {
    const { port, calls } = await start({ limits: { ...patient, keepAliveTimeoutMs: 300 } });
    const socket = open(port);
    socket.write(get("wait").repeat(100));
    await vi.waitUntil(() => calls.running === 16);
    socket.destroy();
    await vi.waitUntil(() => calls.cancelled === 16, 5_000);
    expect(calls.running).toBe(0);
  });
});

describe("closing the server", () => {
  const connections: Readonly<Record<string, string | Buffer>> = {
    "a silent connection": "",
    "half a header": "GET /v1/things/a HTTP/1.1\r\nHost: local",
    "half a body": "POST /v1/things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    "half a stream of requests":
      "POST /v1/talk/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{}\n",
    "a keep-alive connection": "GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a keep-alive connection with half a header": "GET /v1/things/a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /",
    events: "GET /v1/list HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n",
    "a call": "GET /v1/things/wait HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "pipelined calls": "GET /v1/things/wait HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50),
    "a silent WebSocket":
      "GET /v1/talk HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    "half an HTTP/2 preface": opening.subarray(0, 12),
    "an idle HTTP/2 connection": opening,
    "half an HTTP/2 header": Buffer.concat([opening, frame(1, 0, 1, Buffer.of(0x82))]),
    "half an HTTP/2 body": Buffer.concat([
      opening,
      requestHeader(1, { ":method": "POST", ":path": "/v1/things", "content-type": "application/json" }),
      data(1, "{"),
    ]),
    "an HTTP/2 stream": Buffer.concat([opening, requestHeader(1, { ":path": "/v1/list" }, true)]),
  };

  test.each(Object.entries(connections))("completes within the grace period: %s", async (_, bytes) => {
    const { app, port } = await start({ graceMs: 300, bodyTimeoutMs: 600_000 });
    for (const read of [true, false]) {
      const socket = open(port);
      if (read) socket.resume();
      socket.write(bytes);
    }
    await delay(150);
    // All other time limits are ten minutes; the one of the test is 30 s.
    await app.close();
  });

  test("leaves no timer for a body whose response was sent first", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((type) => type === "Timeout").length;
    const before = timers();
    const { app, port } = await start({ graceMs: 100, bodyTimeoutMs: 600_000 });
    const sockets = Array.from({ length: 10 }, () => open(port));
    for (const socket of sockets) socket.write(connections["half a stream of requests"] ?? "");
    await Promise.all(sockets.map((socket) => once(socket, "data")));
    await app.close();
    // Such a timer would keep the process alive until the body times out.
    expect(timers() - before).toBeLessThan(sockets.length / 2);
  });

  test("completes within the grace period for all addresses of localhost", async () => {
    const { app } = await start({ graceMs: 300 });
    await app.close();
    const other = await createGateway({ services: [Things], upstream: "localhost:1", graceMs: 300, limits: patient });
    const { port } = await other.listen("localhost:0");
    for (const address of ["127.0.0.1", "::1"]) {
      const socket = connect(port, address).on("error", () => {});
      onTestFinished(() => void socket.destroy());
      // The connection fails on a machine without IPv6.
      await once(socket, "connect").then(
        () => socket.write("GET /"),
        () => {},
      );
    }
    await other.close();
  });

  test("serves a request that is still arriving", async () => {
    const { app, port, url } = await start({ graceMs: 5_000 });
    const socket = open(port);
    socket.write("GET /v1/things/a HTTP/1.1\r\nHost: local");
    // The server reads in order, so it has read the partial request by then.
    for (let times = 0; times < 3; times++) await (await fetch(`${url}/v1/things/a`)).text();
    const end = app.close();
    await delay(200);
    socket.write("host\r\n\r\n");
    const received = text(socket);
    await end;
    expect(await received).toMatch(/^HTTP\/1\.1 200 .*"stringValue":"a"/s);
  });
});

describe("invalid requests", () => {
  test("two hosts fail with 400, or a reset stream of HTTP/2", async () => {
    const { port, url } = await start();
    for (const hosts of ["Host: localhost\r\nHost: localhost", "Host: localhost\r\nX: y\r\nhOST: evil.example"]) {
      expect(statuses(await exchange(port, `GET /v1/things/a HTTP/1.1\r\n${hosts}\r\n\r\n`))).toEqual([400]);
    }
    const session = connectHttp2(url);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/v1/things/a", ":authority": "localhost", host: "127.0.0.1" });
    // RFC 9113, section 8.3.1: such a request is malformed.
    await expect(once(stream, "response")).rejects.toThrow("NGHTTP2_PROTOCOL_ERROR");
  });

  test("an unknown method over HTTP/2 fails with 501, without a list of routes in the log", async () => {
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
    ["an unknown path", "/none", "Content-Length: 2\r\n", 404],
    ["a wrong method", "/v1/list/x", "Content-Length: 2\r\n", 404],
    ["a body that is too large", "/v1/things", "Content-Length: 99999999\r\n", 413],
    ["a body with an unsupported encoding", "/v1/things", "Content-Length: 2\r\nContent-Encoding: br\r\n", 415],
    ["a stream with an unsupported encoding", "/v1/talk/a", "Content-Length: 2\r\nContent-Encoding: br\r\n", 415],
    ["an invalid host", "/v1/things", "Host: a\r\nContent-Length: 2\r\n", 400],
  ])("%s with Expect: 100-continue gets only the error", async (_, path, more, status) => {
    const { port } = await start();
    expect(statuses(await exchange(port, expecting(path, more)))).toEqual([status]);
  });

  test("sends 100 Continue before it reads the body, and the connection stays usable", async () => {
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

  test("over HTTP/2, sends 100 Continue unless the request is rejected", async () => {
    const { url } = await start();
    const session = connectHttp2(url);
    onTestFinished(() => session.destroy());
    for (const [path, expected] of [
      ["/v1/things", [100, 200]],
      ["/none", [404]],
    ] as const) {
      const received: number[] = [];
      const stream = session.request({ ":method": "POST", ":path": path, expect: "100-continue", "content-type": "application/json" });
      stream.on("continue", () => received.push(100)).on("continue", () => stream.end("{}"));
      const [headers] = await once(stream, "response");
      expect([...received, headers[":status"]]).toEqual(expected);
    }
  });
});

describe("a request from another site", () => {
  const statusOf = async (port: number, host: string, more = "") =>
    statuses(await exchange(port, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`))[0];

  test("for another host fails with 421; loopback names are allowed", async () => {
    const { port } = await start();
    for (const host of ["localhost", `localhost:${port}`, "LOCALHOST", "127.0.0.1", `127.0.0.1:${port}`, "[::1]", "[::1]:80"]) {
      expect([host, await statusOf(port, host)]).toEqual([host, 200]);
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
      expect([host, await statusOf(port, host)]).toEqual([host, 421]);
    }
    const paths = ["/v1/things/a", "/docs", "/openapi.json", "/none", "http://evil.example/v1/things/a"];
    for (const path of paths) {
      const host = path.startsWith("http") ? "localhost" : "evil.example";
      expect(statuses(await exchange(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))).toEqual([421]);
    }
  });

  test("for another host fails over HTTP/2, and for a WebSocket", async () => {
    const { url, port } = await start();
    const session = connectHttp2(url);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/v1/things/a", ":authority": "evil.example" });
    expect((await once(stream, "response"))[0][":status"]).toBe(421);
    // DNS rebinding: the origin of the page equals the host.
    const headers = { host: `evil.example:${port}`, origin: `http://evil.example:${port}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/list`, { headers }).on("error", () => {});
    const [, response] = await once(socket, "unexpected-response");
    expect(response.statusCode).toBe(421);
    response.destroy();
  });

  test("allowedHosts replaces the default hosts", async () => {
    const { port } = await start({ allowedHosts: ["Shop.example", "api.example:8080"] });
    expect(await statusOf(port, "shop.example:1234")).toBe(200);
    expect(await statusOf(port, "api.example:8080")).toBe(200);
    expect(await statusOf(port, "api.example:8081")).toBe(421);
    expect(await statusOf(port, "localhost")).toBe(421);
    const all = await start({ allowedHosts: ["*"] });
    expect(await statusOf(all.port, "anything.example")).toBe(200);
  });

  test("with an unsafe method fails with 403 unless its origin is allowed", async () => {
    const { url } = await start({ cors: { origin: ["https://shop.example"] }, allowedOrigins: ["https://sockets.example"] });
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
