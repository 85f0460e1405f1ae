// Both ends of the transport interface: what one end does reaches the other in order, and never
// while it is calling.
import { expect, test } from "vitest";
import { Code } from "../../protocol/code.ts";
import { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { ClientListener, ClientStream, OutgoingCall } from "../client.ts";
import type { ServedMethod, ServerListener, ServerStream } from "../server.ts";
import { InProcessChannel, type InProcessOptions } from "./channel.ts";
import { InProcessTransport } from "./transport.ts";

const path = "/test.Service/Method";
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const turns = async (count = 5) => {
  for (let n = 0; n < count; n++) await turn();
};

interface Kind {
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
  readonly early?: boolean;
}

/** Both ends, with a log of their events. */
function pair(kind: Kind = {}, options: InProcessOptions = {}, limits = {}) {
  const transport = new InProcessTransport({
    maxReceiveMessageBytes: 1_000_000,
    maxSendMessageBytes: 1_000_000,
    maxMetadataBytes: 1_000,
    maxMetadataPairs: 5,
    ...limits,
  });
  const events = { server: [] as string[], client: [] as string[] };
  let within = false;
  const say = (who: "server" | "client", what: string) => {
    expect(within, "called while it calls").toBe(false);
    events[who].push(what);
  };
  const status = ({ code, message }: Status) => `${Code[code]} ${message}`.trim();
  const server: { stream: ServerStream | undefined; pulls: boolean } = { stream: undefined, pulls: true };
  const serverListener: ServerListener = {
    onMessage: (message, compressed) => {
      say("server", `${message}${compressed ? " compressed" : ""}`);
      if (server.pulls) server.stream?.pull();
    },
    onHalfClose: () => say("server", "half-close"),
    onDrain: () => say("server", "drain"),
    onCancel: (reason) => say("server", status(reason)),
  };
  const method: ServedMethod = {
    path,
    requestStream: kind.requestStream ?? false,
    responseStream: kind.responseStream ?? false,
    early: kind.early ?? kind.requestStream ?? false,
    open(stream) {
      server.stream = stream;
      say("server", "open");
      if (server.pulls) stream.pull();
      return serverListener;
    },
    answer(stream, request, compressed) {
      server.stream = stream;
      say("server", `answer ${request}${compressed ? " compressed" : ""}`);
      return serverListener;
    },
  };
  transport.add(method);
  const channel = new InProcessChannel(transport, options);
  const listener: ClientListener = {
    onHeader: (header) => say("client", `header ${[...(header ?? [])].join(" ")}`.trim()),
    onMessage: (message, compressed) => say("client", `${message}${compressed ? " compressed" : ""}`),
    onDrain: () => say("client", "drain"),
    onStatus: (end) => say("client", status(end) + (end.metadata === undefined ? "" : ` ${[...end.metadata].join(" ")}`)),
  };
  const open = (call: Partial<OutgoingCall> = {}): ClientStream => {
    within = true;
    const stream = channel.open(
      {
        method: { path, requestStream: kind.requestStream ?? false, responseStream: kind.responseStream ?? false },
        metadata: undefined,
        deadline: Number.POSITIVE_INFINITY,
        compression: "identity",
        waitForReady: false,
        authority: undefined,
        previousAttempts: 0,
        request: kind.requestStream ? undefined : Buffer.from("request"),
        ...call,
      },
      listener,
    );
    within = false;
    return stream;
  };
  return { transport, channel, events, server, open };
}

test("a unary call is answered with header, response and status", async () => {
  const { events, server, open } = pair();
  const stream = open();
  expect(stream.peer).toBe("in-process");
  stream.pull();
  await turn();
  expect(events.server).toEqual(["answer request"]);
  server.stream?.sendHeader(new Metadata({ a: "1" }), "identity");
  server.stream?.end({ code: Code.OK, message: "", metadata: new Metadata({ t: "2" }) }, Buffer.from("response"), true);
  await turns();
  expect(events.client).toEqual(["header a,1", "response", "OK t,2"]);
});

test("an early method gets its request when it is opened", async () => {
  const { events, open } = pair({ early: true });
  open({ compression: "gzip" });
  await turns();
  expect(events.server).toEqual(["answer request compressed"]);
});

test("each end gets only what it pulled, and the status follows the last message", async () => {
  const { events, server, open } = pair({ requestStream: true, responseStream: true });
  server.pulls = false;
  const stream = open();
  await turn();
  for (const text of ["a", "b"]) {
    stream.send(Buffer.from(text), false);
    server.stream?.send(Buffer.from(text), false);
  }
  stream.halfClose();
  await turns();
  expect(events).toEqual({ server: ["open"], client: ["header"] });
  server.stream?.pull();
  stream.pull();
  await turns();
  expect(events).toEqual({ server: ["open", "a"], client: ["header", "a"] });
  server.stream?.pull();
  await turns();
  server.stream?.end({ code: Code.ABORTED, message: "enough", metadata: undefined }, undefined, false);
  await turns();
  expect(events.client).toEqual(["header", "a"]);
  stream.pull();
  await turns();
  expect(events).toEqual({ server: ["open", "a", "b", "half-close"], client: ["header", "a", "b", "ABORTED enough"] });
});

test("a window of 64 KiB stops each sender until the other end reads", async () => {
  const { events, server, open } = pair({ requestStream: true, responseStream: true });
  server.pulls = false;
  const stream = open();
  await turn();
  const message = Buffer.alloc(40_000, "x");
  expect([stream.send(message, false), stream.send(message, false)]).toEqual([true, false]);
  expect([server.stream?.send(message, false), server.stream?.send(message, false)]).toEqual([true, false]);
  await turns();
  expect([...events.server, ...events.client].filter((what) => what === "drain")).toEqual([]);
  server.stream?.pull();
  stream.pull();
  await turns();
  expect(events.client.map((what) => what.slice(0, 6))).toEqual(["header", "xxxxxx", "drain"]);
  expect(events.server.map((what) => what.slice(0, 6))).toEqual(["open", "xxxxxx", "drain"]);
});

test("a million empty messages do not fit into a window", async () => {
  const { open } = pair({ requestStream: true });
  const stream = open();
  let sent = 0;
  while (sent < 1_000_000 && stream.send(Buffer.alloc(0), false)) sent++;
  expect(sent).toBeLessThan(2_000);
});

test.each([
  [Code.CANCELLED, "CANCELLED the caller cancelled the call"],
  [Code.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED deadline exceeded"],
  [Code.INTERNAL, "CANCELLED the caller cancelled the call"],
] as const)("a cancel with the code %i is reported to the handler only", async (code, reason) => {
  const { events, server, open } = pair({ requestStream: true, responseStream: true });
  const stream = open();
  await turn();
  server.stream?.send(Buffer.from("dropped"), false);
  stream.cancel(code, "why");
  stream.cancel(code, "why");
  stream.pull();
  await turns();
  expect(events).toEqual({ server: ["open", reason], client: [] });
  server.stream?.send(Buffer.from("late"), false);
  server.stream?.end(undefined, undefined, false);
  await turns();
  expect(events).toEqual({ server: ["open", reason], client: [] });
});

test("a call that is cancelled in its first turn never reaches the handler", async () => {
  const { events, transport, open } = pair();
  open().cancel(Code.CANCELLED, "");
  await turns();
  expect(events).toEqual({ server: [], client: [] });
  await transport.drain();
});

test("a handler gets its deadline in whole milliseconds, and never sees a call past its deadline", async () => {
  const { events, server, open } = pair();
  const before = Date.now();
  open({ deadline: before + 10_000.4 });
  await turns();
  const left = (server.stream?.deadline ?? 0) - before;
  expect(left).toBeGreaterThanOrEqual(10_001);
  expect(left).toBeLessThan(10_100);
  expect(Number.isInteger(server.stream?.deadline)).toBe(true);
  open({ deadline: steadyNow() });
  await turns();
  expect(events).toEqual({ server: ["answer request"], client: ["DEADLINE_EXCEEDED deadline exceeded"] });
});

test("the message limits of both sides apply", async () => {
  const large = Buffer.alloc(101, "x");
  const requests = async (options: InProcessOptions, limits: object) => {
    const { events, open, transport } = pair({}, options, limits);
    open({ request: large });
    await turns();
    await transport.drain();
    return events;
  };
  expect(await requests({ limits: { maxSendMessageBytes: 100 } }, {})).toEqual({
    server: [],
    client: ["RESOURCE_EXHAUSTED a request has 101 bytes, and maxSendMessageBytes is 100"],
  });
  expect(await requests({}, { maxReceiveMessageBytes: 100 })).toEqual({
    server: [],
    client: ["RESOURCE_EXHAUSTED a request has 101 bytes, and maxReceiveMessageBytes is 100"],
  });
  const responses = async (options: InProcessOptions, limits: object) => {
    const { events, server, open, transport } = pair({ responseStream: true }, options, limits);
    open().pull();
    await turn();
    server.stream?.send(large, false);
    await turns();
    await transport.drain();
    return events;
  };
  expect(await responses({ limits: { maxReceiveMessageBytes: 100 } }, {})).toEqual({
    server: ["answer request", "CANCELLED the caller cancelled the call"],
    client: ["header", "RESOURCE_EXHAUSTED a response has 101 bytes, and maxReceiveMessageBytes is 100"],
  });
  expect(await responses({}, { maxSendMessageBytes: 100 })).toEqual({
    server: ["answer request", "RESOURCE_EXHAUSTED a response has 101 bytes, and maxSendMessageBytes is 100"],
    client: ["RESOURCE_EXHAUSTED a response has 101 bytes, and maxSendMessageBytes is 100"],
  });
  const { events, open } = pair({ requestStream: true }, {}, { maxReceiveMessageBytes: 100 });
  const stream = open();
  stream.send(Buffer.from("small"), false);
  stream.send(large, false);
  await turns();
  expect(events).toEqual({
    server: ["open", "small", "RESOURCE_EXHAUSTED a request has 101 bytes, and maxReceiveMessageBytes is 100"],
    client: ["RESOURCE_EXHAUSTED a request has 101 bytes, and maxReceiveMessageBytes is 100"],
  });
});

test("metadata over a limit is RESOURCE_EXHAUSTED, and an unknown method UNIMPLEMENTED", async () => {
  const { events, open } = pair();
  open({ metadata: new Metadata({ long: "x".repeat(1_000) }) });
  open({ metadata: new Metadata({ many: ["1", "2", "3", "4", "5", "6"] }) });
  open({ method: { path: "/test.Service/Other", requestStream: false, responseStream: false } });
  await turns();
  expect(events).toEqual({
    server: [],
    client: [
      "RESOURCE_EXHAUSTED the metadata has 1036 bytes, and maxMetadataBytes is 1000",
      "RESOURCE_EXHAUSTED the metadata has 6 pairs, and maxMetadataPairs is 5",
      "UNIMPLEMENTED The server does not implement the method /test.Service/Other",
    ],
  });
});

test("each end gets a copy of metadata without the fields of HTTP and of the protocol", async () => {
  const { events, server, open } = pair();
  const mine = new Metadata({ a: "1" });
  open({ metadata: mine }).pull();
  await turn();
  server.stream?.metadata.set("a", "changed");
  expect(mine.get("a")).toBe("1");
  const header = new Metadata({ h: "1" });
  for (const key of ["grpc-status", "content-type", "date"]) header.receive(key, "0");
  server.stream?.sendHeader(header, "identity");
  header.set("h", "changed");
  server.stream?.end({ code: Code.ABORTED, message: "x".repeat(20_000), metadata: header }, undefined, false);
  await turns();
  expect(events.client[0]).toBe("header h,1");
  expect(events.client[1]).toMatch(/^ABORTED x{7000,8000}… \(shortened\) h,changed$/);
});

test("drain waits until calls have ended on both sides, and takes no more", async () => {
  const { transport, events, server, open } = pair();
  open().pull();
  await turn();
  let drained = false;
  const draining = transport.drain().then(() => {
    drained = true;
  });
  open();
  await turns();
  expect(events.client).toEqual(["UNAVAILABLE the server is shutting down"]);
  expect(drained).toBe(false);
  server.stream?.end(undefined, Buffer.from("response"), false);
  await draining;
  expect(events.client.slice(1)).toEqual(["header", "response", "OK"]);
});

test("destroy ends both sides at once", async () => {
  const { transport, events, open } = pair({ requestStream: true, responseStream: true });
  open();
  await turn();
  transport.destroy();
  await transport.drain();
  expect(events).toEqual({ server: ["open", "CANCELLED the server ended"], client: [`UNAVAILABLE the server ended during ${path}`] });
});

test("a closed channel finishes its calls, and rejects new ones", async () => {
  const { channel, events, server, open } = pair();
  await channel.connect();
  open().pull();
  await turn();
  channel.close();
  expect(channel.state).toBe("closed");
  await expect(channel.connect()).rejects.toMatchObject({ code: Code.CANCELLED });
  open();
  await turns();
  server.stream?.end(undefined, Buffer.from("response"), false);
  await turns();
  expect(events.client).toEqual(["CANCELLED the channel to in-process is closed", "header", "response", "OK"]);
});
