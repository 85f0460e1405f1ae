// Unusual clients of the server: pipelining, aborted connections, and shutdown.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { data, frame, opening, requestHeader } from "../../test/http2-frames.ts";
import { patient, startStub as start } from "../../test/stub.ts";

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

describe("a plaintext HTTP/2 client", () => {
  const exits = ["end", "destroy", "resetAndDestroy"] as const;

  test.each(exits)("that disconnects (%s) cancels its calls at once", async (exit) => {
    const { port, stub } = await start();
    const socket = open(port);
    socket.write(Buffer.concat([opening, requestHeader(1, { ":path": "/list" }, true), requestHeader(3, { ":path": "/wait" }, true)]));
    await vi.waitUntil(() => stub.running === 2);
    socket[exit]();
    await vi.waitUntil(() => stub.cancelled === 2);
    // The server closes its side, too.
    await new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once("close", resolve).resume()));
  });

  test.each(exits)("that disconnects (%s) frees its connection, whatever it has sent", async (exit) => {
    const { port, url } = await start({ limits: { ...patient, maxConnections: 10 } });
    for (const bytes of [opening, opening.subarray(0, 10), Buffer.concat([opening, frame(1, 0, 1, Buffer.of(0x82))])]) {
      const crowd = Array.from({ length: 10 }, () => open(port));
      for (const socket of crowd) socket.write(bytes);
      await vi.waitUntil(async () => (await fetch(`${url}/name/a`).catch(() => undefined)) === undefined);
      for (const socket of crowd) socket[exit]();
      await vi.waitUntil(async () => (await fetch(`${url}/name/a`).catch(() => undefined))?.status === 200, 10_000);
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

describe("pipelining", () => {
  const get = (name: string) => `GET /${name} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const post = (body: string) =>
    `POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  test("limits concurrent requests on a connection, and responds in order", async () => {
    const { port, stub } = await start();
    const socket = open(port);
    const count = 3_000;
    socket.write(Array.from({ length: count }, (_, index) => get(`name/${index}`)).join(""));
    let received = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      received += chunk;
    });
    await vi.waitUntil(() => received.includes(`"${count - 1}"`), 25_000);
    expect([...received.matchAll(/"name":"(\d+)"/g)].map(([, name]) => Number(name))).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
    expect(stub.max).toBeLessThanOrEqual(16);
    expect(stub.max).toBeGreaterThan(1);
  });

  test("limits requests with bodies", async () => {
    const { port } = await start({ limits: { ...patient, maxPipelined: 2 } });
    const count = 1_000;
    const requests = Array.from({ length: count }, (_, index) => post(`{"int32Value":${index + 1}}`));
    const received = await exchange(port, `${requests.join("")}GET /name/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect([...received.matchAll(/"int32Value":(\d+)/g)]).toHaveLength(count);
  });

  // The number of requests in the first read determines how Node reads the rest.
  test.each([1, 10, 17, 100, 2_000])("pauses a connection whose requests all wait, with %i requests at first", async (first) => {
    const { port, stub } = await start();
    const socket = open(port);
    let closed = false;
    socket.once("close", () => {
      closed = true;
    });
    socket.write(get("wait").repeat(first));
    await vi.waitUntil(() => stub.running === Math.min(first, 16), 10_000);
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
    expect([stub.running, closed]).toEqual([16, false]);
    expect(written).toBeLessThan(30_000_000);
    socket.destroy();
  });

  test("a client that disconnects cancels all its calls", async () => {
    const { port, stub } = await start();
    const socket = open(port);
    socket.write(get("wait").repeat(10));
    await vi.waitUntil(() => stub.running === 10);
    socket.destroy();
    await vi.waitUntil(() => stub.cancelled === 10);
  });

  test("a client that disconnects with queued requests cancels its calls once the connection has stalled", async () => {
    const { port, stub } = await start({ limits: { ...patient, keepAliveTimeoutMs: 300 } });
    const socket = open(port);
    socket.write(get("wait").repeat(100));
    await vi.waitUntil(() => stub.running === 16);
    socket.destroy();
    await vi.waitUntil(() => stub.cancelled === 16, 5_000);
    expect(stub.running).toBe(0);
  });
});

describe("closing the server", () => {
  const connections: Readonly<Record<string, string | Buffer>> = {
    "a silent connection": "",
    "half a header": "GET /name/a HTTP/1.1\r\nHost: local",
    "half a body": "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    "half a stream of requests":
      "POST /talk HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{}\n",
    "a keep-alive connection": "GET /name/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a keep-alive connection with half a header": "GET /name/a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /",
    events: "GET /list HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n",
    "a call": "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "pipelined calls": "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50),
    "half an HTTP/2 preface": opening.subarray(0, 12),
    "an idle HTTP/2 connection": opening,
    "half an HTTP/2 header": Buffer.concat([opening, frame(1, 0, 1, Buffer.of(0x82))]),
    "half an HTTP/2 body": Buffer.concat([
      opening,
      requestHeader(1, { ":method": "POST", ":path": "/echo", "content-type": "application/json" }),
      data(1, "{"),
    ]),
    "an HTTP/2 stream": Buffer.concat([opening, requestHeader(1, { ":path": "/list" }, true)]),
  };

  test.each(Object.entries(connections))("completes within the grace period: %s", async (_, bytes) => {
    const { server, port } = await start();
    for (const read of [true, false]) {
      const socket = open(port);
      if (read) socket.resume();
      socket.write(bytes);
    }
    await delay(150);
    // All other time limits are ten minutes; the one of the test is 30 s.
    await server.close(300);
  });

  test("completes within the grace period for all addresses of localhost", async () => {
    const { server, port } = await start({}, "localhost:0");
    for (const address of ["127.0.0.1", "::1"]) {
      const socket = connect(port, address).on("error", () => {});
      onTestFinished(() => void socket.destroy());
      await once(socket, "connect");
      socket.write("GET /");
    }
    await server.close(300);
  });

  test("serves a request that is still arriving", async () => {
    const { server, port, url } = await start();
    const socket = open(port);
    socket.write("GET /name/a HTTP/1.1\r\nHost: local");
    // The server reads in order, so it has read the partial request by then.
    for (let times = 0; times < 3; times++) await (await fetch(`${url}/name/a`)).text();
    const end = server.close(5_000);
    await delay(200);
    socket.write("host\r\n\r\n");
    const received = text(socket);
    await end;
    expect(await received).toMatch(/^HTTP\/1\.1 200 .*"name":"a"/s);
  });
});
