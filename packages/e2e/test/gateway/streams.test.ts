// Streams through the gateway to common clients: fetch, EventSource, WebSocket and curl. The server
// is connect-node.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { EventSource } from "eventsource";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../harness/process.ts";
import { until } from "../harness/until.ts";
import { Folder, writeSet } from "../security/certificates.ts";
import { describePusher, floodLength, type Pusher, servePusher } from "./foreign.ts";
import { type GatewayProcess, startGateway } from "./gateways.ts";
import { buildMuseum, type Museum, serveMuseum } from "./museum.ts";

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let pusher: Pusher;
let args: readonly string[];
let gateway: GatewayProcess;

beforeAll(async () => {
  const folder = started.use(await Folder.make());
  pusher = started.use(await servePusher());
  args = await describePusher(folder);
  gateway = started.use(await startGateway(pusher.address, args));
});

afterAll(() => started.disposeAsync());

const lines = (name: string) => [1, 2, 3].map((n) => `{"result":{"data":"${name} ${n}"}}\n`).join("");

describe("a stream of responses", () => {
  test("has one line for each response", async () => {
    const response = await fetch(`${gateway.url}/v1/streams/a`);
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(await response.text()).toBe(lines("a"));
  });

  test("ends in a line with the error", async () => {
    const response = await fetch(`${gateway.url}/v1/streams/fail`);
    expect(await response.text()).toBe(
      '{"result":{"data":"fail 1"}}\n{"result":{"data":"fail 2"}}\n{"error":{"code":15,"message":"no more","details":[]}}\n',
    );
  });

  test("is an array for a client that accepts JSON", async () => {
    const response = await fetch(`${gateway.url}/v1/streams/a`, { headers: { accept: "application/json" } });
    expect(await response.json()).toEqual([{ data: "a 1" }, { data: "a 2" }, { data: "a 3" }]);
  });

  test("that fails leaves the array incomplete, so that it does not parse", async () => {
    const response = await fetch(`${gateway.url}/v1/streams/fail`, { headers: { accept: "application/json" } });
    const text = await response.text().catch(() => "broken off");
    expect(() => JSON.parse(text)).toThrow();
  });

  test("is read by an EventSource, which reconnects once and then stops", async () => {
    const source = new EventSource(`${gateway.url}/v1/streams/events`);
    const messages: unknown[] = [];
    source.onmessage = ({ data }) => messages.push(JSON.parse(data));
    const ended = new Promise((resolve) => source.addEventListener("end", resolve));
    await ended;
    await until(() => source.readyState === source.CLOSED);
    expect(messages).toEqual([{ data: "events 1" }, { data: "events 2" }, { data: "events 3" }]);
    const statuses = () => gateway.requests.filter(({ path }) => path === "/v1/streams/events").map(({ status }) => status);
    await until(() => statuses().length > 1);
    expect(statuses()).toEqual([200, 204]);
  });

  test("with an error event makes an EventSource stop", async () => {
    const source = new EventSource(`${gateway.url}/v1/streams/fail`);
    const errors: unknown[] = [];
    source.addEventListener("error", (event) => "data" in event && errors.push(JSON.parse(String(event.data))));
    await until(() => source.readyState === source.CLOSED);
    expect(errors).toEqual([{ code: 15, message: "no more", details: [] }]);
  });

  test("is printed by curl line by line", async ({ skip }) => {
    const { status, stdout } = await run("curl", ["-sN", `${gateway.url}/v1/streams/a`]).catch(() => ({ status: null, stdout: "" }));
    if (status === null) skip("needs curl");
    expect({ status, stdout }).toEqual({ status: 0, stdout: lines("a") });
  });
});

describe("a stream of requests", () => {
  test("reads each line of a body as a request", async () => {
    const response = await fetch(`${gateway.url}/v1/puts`, {
      method: "POST",
      body: '{"data":"a"}\n\n{"data":"b"}\r\n{"data":"c"}',
      headers: { "content-type": "application/x-ndjson" },
    });
    expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: '{"data":"a b c"}' });
  });

  test("may be empty", async () => {
    const response = await fetch(`${gateway.url}/v1/puts`, { method: "POST", headers: { "content-type": "application/x-ndjson" } });
    expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: "{}" });
  });

  test("that ends in the middle of a message fails with the line number", async () => {
    const response = await fetch(`${gateway.url}/v1/puts`, {
      method: "POST",
      body: '{"data":"a"}\n{"data":',
      headers: { "content-type": "application/x-ndjson" },
    });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 400,
      body: { code: 3, message: expect.stringMatching(/^line 2: /) },
    });
  });
});

describe("a bidirectional stream", () => {
  test("over a WebSocket goes on until the client half-closes with an empty message", async () => {
    const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/v1/talks`);
    await once(socket, "open");
    for (const data of ["a", "b", "单"]) {
      socket.send(JSON.stringify({ data }));
      const [{ data: answer }] = await once(socket, "message");
      expect(JSON.parse(answer)).toEqual({ data: `${data}!` });
    }
    socket.send("");
    const [{ code, wasClean }] = await once(socket, "close");
    expect({ code, wasClean }).toEqual({ code: 1000, wasClean: true });
  });

  test.each([
    ["{}", "the request is empty"],
    ["{", "malformed JSON: "],
  ])("over a WebSocket ends with the status of its call: %s", async (request, message) => {
    const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/v1/talks`);
    await once(socket, "open");
    socket.send(request);
    const [{ code, reason }] = await once(socket, "close");
    expect({ code, reason }).toEqual({ code: 4003, reason: expect.stringContaining(message) });
  });

  test("is full duplex over HTTP/2", async () => {
    const session = connectHttp2(gateway.url);
    await talk(session);
    session.destroy();
  });
});

test("a client that does not read slows the server down, and costs the gateway no memory", async () => {
  await using own = await servePusher();
  await using small = await startGateway(own.address, args);
  const before = residentBytes(small);
  const socket = connect(small.port, "127.0.0.1").pause();
  socket.on("error", () => {});
  socket.write("GET /v1/streams/flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(() => own.flooded() > 0);
  const isBlocked = async () => {
    const flooded = own.flooded();
    await setTimeout(300);
    return own.flooded() === flooded;
  };
  await until(isBlocked);
  // The system buffers of the two connections may hold many responses.
  expect(own.flooded()).toBeLessThan(floodLength / 2);
  expect(residentBytes(small) - before).toBeLessThan(64 * 1024 * 1024);
  const stopped = own.flooded();
  socket.resume();
  await until(() => own.flooded() > stopped + 100);
  socket.destroy();
}, 60_000);

describe("a call is cancelled at once when its client disconnects:", () => {
  let museum: Museum;
  let front: GatewayProcess;

  beforeAll(async () => {
    museum = started.use(await serveMuseum());
    const folder = started.use(await Folder.make());
    front = started.use(await startGateway(museum.address, ["--descriptors", await buildMuseum(folder)]));
  });

  const ask = (path: string, accept: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`;

  /** Each opens a stream, and resolves after the first message with a function that disconnects. */
  const clients: Readonly<Record<string, (path: string) => Promise<() => void>>> = {
    "a client that reads lines": async (path) => {
      const leave = new AbortController();
      const response = await fetch(front.url + path, { signal: leave.signal });
      await response.body?.getReader().read();
      return () => leave.abort();
    },
    "an EventSource": async (path) => {
      const source = new EventSource(front.url + path);
      await once(source as unknown as EventTarget, "message");
      return () => source.close();
    },
    "a client that reads an array, whose connection breaks": async (path) => {
      const socket = connect(front.port, "127.0.0.1");
      socket.write(ask(path, "application/json"));
      await once(socket, "data");
      return () => socket.resetAndDestroy();
    },
    "an HTTP/2 client that resets one of several streams": async (path) => {
      const session = connectHttp2(front.url);
      started.defer(() => session.destroy());
      const stream = session.request({ ":path": path });
      await once(stream, "data");
      return () => stream.close(constants.NGHTTP2_CANCEL);
    },
    "a WebSocket": async (path) => {
      const socket = new WebSocket(front.url.replace("http", "ws") + path);
      await once(socket, "message");
      return () => socket.close();
    },
    "a WebSocket whose connection breaks": async (path) => {
      const socket = connect(front.port, "127.0.0.1");
      const upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
      socket.write(ask(path, "*/*").replace("\r\n\r\n", `\r\n${upgrade}\r\n\r\n`));
      await once(socket, "data");
      return () => socket.resetAndDestroy();
    },
  };

  test.each(Object.entries(clients))("%s", async (who, open) => {
    const name = `halls/${who.replaceAll(/\W/g, "-")}`;
    const leave = await open(`/v1/${name}:watch`);
    await until(() => museum.watched.has(name));
    const left = performance.now();
    leave();
    await until(() => !museum.watched.has(name));
    expect(performance.now() - left).toBeLessThan(2000);
    await until(() => front.requests.some(({ path, grpc }) => path === `/v1/${name}:watch` && grpc === "CANCELLED"));
  });
});

describe("over TLS", () => {
  test("a bidirectional stream is full duplex over HTTP/2, and WebSockets work", async () => {
    await using folder = await Folder.make();
    const authority = await writeSet(folder);
    const tls = ["--tls-cert", folder.file("server.pem"), "--tls-key", folder.file("server.key")];
    await using secure = await startGateway(pusher.address, [...args, ...tls], { listen: "localhost:0" });
    const session = connectHttp2(secure.url, { ca: authority.cert });
    await talk(session);
    session.destroy();

    const socket = connectTls({ port: secure.port, host: "localhost", ca: authority.cert });
    socket.write(
      "GET /v1/streams/wss HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    let received = "";
    socket.on("data", (bytes: Buffer) => {
      received += bytes.toString("latin1");
    });
    await until(() => received.includes('{"data":"wss 3"}'));
    expect(received).toMatch(/^HTTP\/1\.1 101 /);
    socket.destroy();
  });
});

/** Sends requests and reads responses alternately on one stream. */
async function talk(session: ClientHttp2Session): Promise<void> {
  const stream = session.request({ ":method": "POST", ":path": "/v1/talks", "content-type": "application/x-ndjson" });
  stream.setEncoding("utf8");
  for (const data of ["a", "b"]) {
    stream.write(`${JSON.stringify({ data })}\n`);
    const [answer] = await once(stream, "data");
    expect(answer).toBe(`{"result":{"data":"${data}!"}}\n`);
  }
  stream.end();
  await once(stream, "end");
}

function residentBytes({ pid }: GatewayProcess): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}
