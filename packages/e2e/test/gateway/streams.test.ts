// Streams through the gateway, to what people have: fetch, EventSource, WebSocket, curl. The server is connect-node.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { EventSource } from "eventsource";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../harness/process.ts";
import { type ServerProcess, serve } from "../harness/server.ts";
import { until } from "../harness/until.ts";
import { Folder } from "../security/certificates.ts";
import { describePusher, floodLength, type Pusher, servePusher } from "./foreign.ts";
import { type GatewayProcess, startGateway } from "./gateways.ts";

/** What ends with this file, however much of it was started. */
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
  test("is a line each", async () => {
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

  test("is an array for who asks for JSON", async () => {
    const response = await fetch(`${gateway.url}/v1/streams/a`, { headers: { accept: "application/json" } });
    expect(await response.json()).toEqual([{ data: "a 1" }, { data: "a 2" }, { data: "a 3" }]);
  });

  test("is read by an EventSource, which comes back once and then no more", async () => {
    const source = new EventSource(`${gateway.url}/v1/streams/events`);
    const messages: unknown[] = [];
    source.onmessage = ({ data }) => messages.push(JSON.parse(data));
    const ended = new Promise((resolve) => source.addEventListener("end", resolve));
    await ended;
    await until(() => source.readyState === source.CLOSED);
    expect(messages).toEqual([{ data: "events 1" }, { data: "events 2" }, { data: "events 3" }]);
    const statuses = gateway.requests.filter(({ path }) => path === "/v1/streams/events").map(({ status }) => status);
    expect(statuses).toEqual([200, 204]);
  });

  test("of a browser that is told of an error is not asked for again", async () => {
    const source = new EventSource(`${gateway.url}/v1/streams/fail`);
    const errors: unknown[] = [];
    source.addEventListener("error", (event) => "data" in event && errors.push(JSON.parse(String(event.data))));
    await until(() => source.readyState === source.CLOSED);
    expect(errors).toEqual([{ code: 15, message: "no more", details: [] }]);
  });

  test("is printed by curl as it comes", async ({ skip }) => {
    const { status, stdout } = await run("curl", ["-sN", `${gateway.url}/v1/streams/a`]).catch(() => ({ status: null, stdout: "" }));
    if (status === null) skip("there is no curl here");
    expect({ status, stdout }).toEqual({ status: 0, stdout: lines("a") });
  });
});

describe("a stream of requests", () => {
  test("is the lines of a body", async () => {
    const response = await fetch(`${gateway.url}/v1/puts`, {
      method: "POST",
      body: '{"data":"a"}\n\n{"data":"b"}\r\n{"data":"c"}',
      headers: { "content-type": "application/x-ndjson" },
    });
    expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: '{"data":"a b c"}' });
  });

  test("that breaks off in the middle names the line", async () => {
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

describe("a conversation", () => {
  test("goes on over a WebSocket until the client has no more to say", async () => {
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
    ["{}", "nothing is asked"],
    ["{", "malformed JSON: "],
  ])("over a WebSocket ends with the status of its call: %s", async (request, message) => {
    const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/v1/talks`);
    await once(socket, "open");
    socket.send(request);
    const [{ code, reason }] = await once(socket, "close");
    expect({ code, reason }).toEqual({ code: 4003, reason: expect.stringContaining(message) });
  });

  test("goes both ways at once over HTTP/2", async () => {
    const session = connectHttp2(gateway.url);
    const stream = session.request({ ":method": "POST", ":path": "/v1/talks", "content-type": "application/x-ndjson" });
    stream.setEncoding("utf8");
    for (const data of ["a", "b"]) {
      stream.write(`${JSON.stringify({ data })}\n`);
      const [answer] = await once(stream, "data");
      expect(answer).toBe(`{"result":{"data":"${data}!"}}\n`);
    }
    stream.end();
    await once(stream, "end");
    session.destroy();
  });
});

test("a reader that does not read stops the server, and costs the gateway no memory", async () => {
  await using own = await servePusher();
  await using small = await startGateway(own.address, args);
  const before = residentBytes(small);
  const socket = connect(small.port, "127.0.0.1").pause();
  socket.on("error", () => {});
  socket.write("GET /v1/streams/flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(() => own.flooded() > 0);
  const standing = async () => {
    const flooded = own.flooded();
    await setTimeout(300);
    return own.flooded() === flooded;
  };
  await until(standing);
  // The system's buffers for the two connections may hold a lot.
  expect(own.flooded()).toBeLessThan(floodLength / 2);
  expect(residentBytes(small) - before).toBeLessThan(64 * 1024 * 1024);
  const stopped = own.flooded();
  socket.resume();
  await until(() => own.flooded() > stopped + 100);
  socket.destroy();
});

describe("a client that leaves ends its call at once", () => {
  let server: ServerProcess;
  let front: GatewayProcess;

  beforeAll(async () => {
    server = started.use(await serve("push"));
    front = started.use(await startGateway(server.address, ["--reflection", "--unbound"]));
  });

  const ends = (method: string) => server.logged((entry) => entry.msg === "call" && entry.method === method);

  test("as a fetch that is given up", async () => {
    const leave = new AbortController();
    const response = await fetch(`${front.url}/Greeter/GetStream`, {
      method: "POST",
      body: "{}",
      signal: leave.signal,
      headers: { "content-type": "application/json" },
    });
    await response.body?.getReader().read();
    leave.abort();
    expect(await ends("/Greeter/GetStream")).toMatchObject({ status: "CANCELLED" });
    await until(() => front.requests.some(({ path, grpc }) => path === "/Greeter/GetStream" && grpc === "CANCELLED"));
  });

  test("as a WebSocket that is closed", async () => {
    const socket = new WebSocket(`${front.url.replace("http", "ws")}/Greeter/AllStream`);
    await once(socket, "message");
    socket.close();
    expect(await ends("/Greeter/AllStream")).toMatchObject({ status: "CANCELLED" });
  });
});

function residentBytes({ pid }: GatewayProcess): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}
