// Cancelled calls: what later reads return, and what goes over the wire.
import { getEventListeners } from "node:events";
import { createServer, type Http2Server } from "node:http2";
import * as net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  everyWay,
  failureOf,
  kindNames,
  kinds,
  startBy,
  startServer,
  type TestClient,
  type TestHandlers,
  TestService,
  type Transport,
  transports,
  until,
} from "../../test/harness.ts";
import { type CallOptions, Code, createChannel, createClient, RpcError } from "../index.ts";

const streams = ["serverStream", "bidiStream"] as const;
const everyStream = transports.flatMap((transport) => streams.map((kind) => ({ transport, kind })));

const ten = () => Array.from({ length: 10 }, (_, count) => ({ count }));
const tenResponses = { serverStream: ten, bidiStream: ten };

const open = (client: TestClient, kind: (typeof streams)[number], options: CallOptions = {}) =>
  kind === "serverStream" ? client.serverStream({}, options) : client.bidiStream([], options);

/** A call that has received an OK status. One of its ten responses has been read. */
async function finished(transport: Transport, kind: (typeof streams)[number], options: CallOptions = {}) {
  const { client } = await startBy(transport, tenResponses);
  let over = () => {};
  const ended = new Promise<void>((resolve) => {
    over = resolve;
  });
  const call = open(client, kind, { ...options, onTrailer: over });
  expect((await call.recv())?.count).toBe(0);
  // In process, the status arrives after the pull of the last response.
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 200))]);
  return { client, call };
}

test.each(everyStream)(
  "$transport, $kind: after cancel(), reads fail with CANCELLED, even after an OK status",
  async ({ transport, kind }) => {
    const { call } = await finished(transport, kind);
    call.cancel();
    expect(await failureOf(call.recv())).toMatchObject({ code: Code.CANCELLED, message: "the call was cancelled" });
    expect(await failureOf(Array.fromAsync(call))).toMatchObject({ code: Code.CANCELLED });
  },
);

test.each(everyStream)(
  "$transport, $kind: the same applies if the caller's signal aborts, and no listener remains on it",
  async ({ transport, kind }) => {
    const controller = new AbortController();
    const { call } = await finished(transport, kind, { signal: controller.signal });
    controller.abort();
    expect(await failureOf(call.recv())).toMatchObject({ code: Code.CANCELLED });
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  },
);

test.each(everyStream)(
  "$transport, $kind: exiting a loop early, or cancelling after its end, is not an error",
  async ({ transport, kind }) => {
    const { call, client } = await finished(transport, kind);
    for await (const _ of call) break;
    const whole = open(client, kind);
    expect(await Array.fromAsync(whole)).toHaveLength(10);
    whole.cancel();
    expect(await whole.recv()).toBeUndefined();
  },
);

test.each(everyStream)(
  "$transport, $kind: a deadline that passes after the OK status leaves the responses readable",
  async ({ transport, kind }) => {
    const { call } = await finished(transport, kind, { timeoutMs: 20_000 });
    expect(await Array.fromAsync(call)).toHaveLength(9);
  },
);

test.each(transports)("%s: closeAndRecv() after a cancel fails with CANCELLED", async (transport) => {
  const { client } = await startBy(transport, { clientStream: () => ({ text: "early" }) });
  const call = client.clientStream();
  await call.header();
  await until(() => call.trailer !== undefined).catch(() => {});
  call.cancel();
  expect(await failureOf(call.closeAndRecv())).toMatchObject({ code: Code.CANCELLED });
  expect(await failureOf(call.closeAndRecv())).toMatchObject({ code: Code.CANCELLED });
});

test.each(everyWay)("$transport, $kind: no listener remains on the caller's signal, however the call ends", async ({ transport, kind }) => {
  const { client } = await startBy(transport, {
    unary: ({ text }) => answer(text),
    async *serverStream({ text }) {
      yield await answer(text);
    },
    clientStream: async (requests) => answer((await Array.fromAsync(requests))[0]?.text),
    async *bidiStream(requests) {
      for await (const { text } of requests) yield await answer(text);
    },
  });
  async function answer(text = "") {
    if (text === "fail") throw new RpcError(Code.NOT_FOUND, "no such thing");
    if (text === "wait") await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
    return { text };
  }
  const { signal } = new AbortController();
  await kinds[kind](client, "ok", { signal });
  await failureOf(kinds[kind](client, "fail", { signal }));
  await failureOf(kinds[kind](client, "wait", { signal, timeoutMs: 30 }));
  await failureOf(kinds[kind](client, "ok", { signal, timeoutMs: Number.NaN }));
  await failureOf(kinds[kind](client, "ok", { signal, metadata: { te: "x" } }));
  expect(getEventListeners(signal, "abort")).toEqual([]);
  const controller = new AbortController();
  const failure = failureOf(kinds[kind](client, "wait", { signal: controller.signal }));
  setTimeout(() => controller.abort(), 20);
  expect(await failure).toMatchObject({ code: Code.CANCELLED });
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

/** Records the frames that a client sends on each stream: their types, and END_STREAM. */
async function tap(server: string) {
  const streams = new Map<number, string[]>();
  const sockets = new Set<net.Socket>();
  const [host, port] = server.split(":");
  const proxy = net.createServer((socket) => {
    const upstream = net.connect(Number(port), host);
    sockets.add(socket).add(upstream);
    let buffer = Buffer.alloc(0);
    let preface = 24;
    socket.on("data", (data) => {
      upstream.write(data);
      buffer = Buffer.concat([buffer, data]);
      if (preface > 0 && buffer.length >= preface) {
        buffer = buffer.subarray(preface);
        preface = 0;
      }
      while (preface === 0 && buffer.length >= 9) {
        const length = buffer.readUIntBE(0, 3);
        if (buffer.length < 9 + length) break;
        const name = ["DATA", "HEADERS", undefined, "RST_STREAM"][buffer[3] ?? 0];
        const id = buffer.readUInt32BE(5);
        if (name !== undefined && id > 0) {
          const frames = streams.get(id) ?? [];
          streams.set(id, frames);
          const end = name !== "RST_STREAM" && ((buffer[4] ?? 0) & 1) === 1 ? " END_STREAM" : "";
          frames.push(name + end);
        }
        buffer = buffer.subarray(9 + length);
      }
    });
    upstream.on("data", (data) => socket.write(data));
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return { address: `127.0.0.1:${(proxy.address() as net.AddressInfo).port}`, streams };
}

const request = { data: new Uint8Array(1_000) };
const untilAborted = ({ signal }: { signal: AbortSignal }) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

type Requests = () => AsyncGenerator<{ data?: Uint8Array<ArrayBuffer>; count?: number }>;
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

const andWait: Requests = async function* () {
  yield request;
  await new Promise(() => {});
};

/** Ways to interrupt an upload: its requests, and the options of its call. */
const cuts: Readonly<Record<string, { readonly requests?: Requests; readonly options?: () => CallOptions }>> = {
  "a signal": { options: () => ({ signal: AbortSignal.timeout(80) }) },
  "a deadline": { options: () => ({ timeoutMs: 80 }) },
  "an iterable that throws": {
    async *requests() {
      yield request;
      await pause();
      throw new Error("the disk is gone");
    },
  },
  "a request that cannot be encoded": {
    async *requests() {
      yield request;
      await pause();
      yield { count: 2 ** 40 };
    },
  },
  "a request over the limit": {
    async *requests() {
      yield request;
      await pause();
      yield { data: new Uint8Array(100_000) };
    },
  },
};

/** A server that reads uploads, and a client whose frames are recorded. */
async function uploads() {
  const ends: unknown[] = [];
  const read = async (requests: AsyncIterable<unknown>) => {
    try {
      for await (const _ of requests);
      ends.push("complete");
    } catch (reason) {
      ends.push(reason);
    }
    return {};
  };
  const { address } = await startServer({
    clientStream: read,
    async *bidiStream(requests) {
      // The header is sent early.
      yield {};
      yield await read(requests);
    },
  });
  const { address: tapped, streams } = await tap(address);
  const channel = createChannel(tapped, { limits: { maxSendMessageBytes: 50_000 } });
  onTestFinished(() => channel.close());
  // On a busy machine, a call may otherwise be cut off before there is a connection: nothing is
  // sent then.
  await channel.connect();
  const client = createClient(TestService, channel);
  const expectReset = async () => {
    await until(() => ends.length > 0);
    expect(ends).toMatchObject([{ code: expect.toBeOneOf([Code.CANCELLED, Code.DEADLINE_EXCEEDED]) }]);
    await until(() => streams.get(1)?.at(-1) === "RST_STREAM");
    expect(streams.get(1)?.filter((frame) => frame.includes("END_STREAM"))).toEqual([]);
  };
  return { client, expectReset };
}

const everyCut = (["clientStream", "bidiStream"] as const).flatMap((kind) =>
  Object.entries(cuts).map(([how, cut]) => ({ kind, how, ...cut })),
);

test.each(everyCut)(
  "$kind, interrupted by $how: sends RST_STREAM and no END_STREAM",
  async ({ kind, requests = andWait, options = () => ({}) }) => {
    const { client, expectReset } = await uploads();
    const call =
      kind === "clientStream" ? client.clientStream(requests(), options()) : Array.fromAsync(client.bidiStream(requests(), options()));
    await failureOf(call);
    await expectReset();
  },
);

test.each(["clientStream", "bidiStream"] as const)("%s, interrupted by cancel(): sends RST_STREAM and no END_STREAM", async (kind) => {
  const { client, expectReset } = await uploads();
  const call = client[kind]();
  await call.send(request);
  await pause();
  call.cancel();
  await expectReset();
});

test("a response over the limit resets the stream without END_STREAM", async () => {
  const { address } = await startServer({ bidiStream: () => [{ data: new Uint8Array(100_000) }] });
  const { address: tapped, streams } = await tap(address);
  using client = createClient(TestService, tapped, { limits: { maxReceiveMessageBytes: 50_000 } });
  const call = client.bidiStream();
  await call.send({});
  const message: unknown = expect.stringContaining("/test.v1.TestService/BidiStream");
  expect(await failureOf(call.recv())).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message });
  await until(() => streams.get(1)?.at(-1) === "RST_STREAM");
  expect(streams.get(1)?.filter((frame) => frame.includes("END_STREAM"))).toEqual([]);
});

test.each(["unary", "serverStream"] as const)("%s: a body that the server does not read is reset without END_STREAM", async (kind) => {
  // A server that never extends the window, so that the body cannot end.
  const server: Http2Server = createServer({ settings: { initialWindowSize: 1_000 } });
  server.on("stream", (stream) => stream.on("error", () => {}).pause());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { address, streams } = await tap(`127.0.0.1:${(server.address() as net.AddressInfo).port}`);
  using channel = createChannel(address);
  await channel.connect();
  const client = createClient(TestService, channel);
  const body = { data: new Uint8Array(200_000) };
  for (const how of ["timeout", "signal"]) {
    const options = how === "timeout" ? { timeoutMs: 100 } : { signal: AbortSignal.timeout(100) };
    await failureOf(kind === "unary" ? client.unary(body, options) : client.serverStream(body, options).recv());
  }
  await until(() => [...streams.values()].filter((frames) => frames.at(-1) === "RST_STREAM").length === 2);
  for (const frames of streams.values()) expect(frames.filter((frame) => frame.includes("END_STREAM"))).toEqual([]);
});

test.each(kindNames)("%s: after thousands of immediate cancels, no handler runs and the channel works", async (kind) => {
  let running = 0;
  const handle = async (context: { signal: AbortSignal }) => {
    running++;
    try {
      return await untilAborted(context);
    } finally {
      running--;
    }
  };
  const handlers: TestHandlers = {
    unary: ({ text }, context) => (text === "answer" ? { text } : handle(context)),
    async *serverStream(_request, context) {
      yield await handle(context);
    },
    clientStream: (_requests, context) => handle(context),
    async *bidiStream(_requests, context) {
      yield await handle(context);
    },
  };
  // By default, a server closes the connection after so many resets.
  const { address } = await startServer(handlers, { limits: { resetsPerSecond: 1_000_000 } });
  const { address: tapped, streams } = await tap(address);
  using client = createClient(TestService, tapped);
  const check = async () => expect((await client.unary({ text: "answer" }, { timeoutMs: 10_000 })).text).toBe("answer");
  await check();
  for (let n = 0; n < 3_000; n++) {
    if (kind === "unary") {
      const controller = new AbortController();
      void client.unary({}, { signal: controller.signal });
      controller.abort();
    } else {
      const call =
        kind === "serverStream" ? client.serverStream({}) : kind === "clientStream" ? client.clientStream() : client.bidiStream();
      if (kind !== "serverStream" && "send" in call) void call.send({});
      // Cancels at once, a few microtasks later, or in the next turn of the event loop.
      if (n % 3 === 1) for (let turn = 0; turn < n % 20; turn++) await undefined;
      if (n % 3 === 2 && n % 30 === 2) await new Promise(setImmediate);
      call.cancel();
    }
  }
  await check();
  await until(() => running === 0);
  for (const [id, frames] of streams)
    if (id > 1 && frames.length > 1 && !frames.at(-1)?.includes("END")) expect(frames.at(-1)).toBe("RST_STREAM");
});
