// Errors of calls are rejections: never thrown at the caller, never an event of the process, and in
// words of our own.
import * as http2 from "node:http2";
import * as net from "node:net";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import {
  connect,
  everyKind,
  everyWay,
  failureOf,
  kindNames,
  kinds,
  startBy,
  startServer,
  type TestClient,
  TestService,
} from "../../test/harness.ts";
import { Code, createChannel, createClient, type MetadataInit, RpcError } from "../index.ts";

const events = vi.fn();
beforeEach(() => {
  process.on("unhandledRejection", events).on("uncaughtException", events);
});
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off("unhandledRejection", events).off("uncaughtException", events);
  expect(events.mock.calls).toEqual([]);
  events.mockClear();
});

const invalidTimes: readonly (readonly [options: object, error: ErrorConstructor, message: RegExp])[] = [
  [{ timeoutMs: Number.NaN }, RangeError, /^timeoutMs must be a number of milliseconds, got NaN$/],
  [{ timeoutMs: "5" }, TypeError, /^timeoutMs must be a number of milliseconds, got '5'$/],
  [{ deadline: Number.NaN }, RangeError, /^deadline must be a valid Date, or milliseconds since 1970, got NaN$/],
  [{ deadline: new Date("no date") }, RangeError, /^deadline must be a valid Date.* got NaN$/],
  [{ deadline: "tomorrow" }, TypeError, /^deadline must be a valid Date.* got 'tomorrow'$/],
];

test.each(everyWay)("$transport, $kind: an invalid time rejects the promise, and the call is not sent", async ({ transport, kind }) => {
  const handler = vi.fn(() => "");
  const { client } = await startBy(transport, everyKind(handler));
  for (const [options, error, message] of invalidTimes) {
    const failure = await failureOf(kinds[kind](client, "", options));
    expect(failure).toBeInstanceOf(error);
    expect((failure as Error).message).toMatch(message);
  }
  expect(handler).not.toHaveBeenCalled();
});

test.each(everyWay)("$transport, $kind: a time that is too long is reduced to the longest valid one", async ({ transport, kind }) => {
  const seen: (Date | undefined)[] = [];
  const { client } = await startBy(
    transport,
    everyKind(({ deadline }) => String(seen.push(deadline))),
  );
  const times = [
    { timeoutMs: Number.MAX_SAFE_INTEGER },
    { timeoutMs: Number.MAX_VALUE },
    { timeoutMs: 2 ** 31 },
    { deadline: new Date(8.64e15) },
    { deadline: Number.MAX_SAFE_INTEGER },
  ];
  for (const options of times) expect(await kinds[kind](client, "", options)).toHaveLength(1);
  for (const deadline of seen) expect(deadline?.getTime()).toBeGreaterThan(Date.now() + 2 ** 31 - 60_000);
  await kinds[kind](client, "", { timeoutMs: Number.POSITIVE_INFINITY });
  expect(seen.at(-1)).toBeUndefined();
});

test.each(everyWay)(
  "$transport, $kind: a deadline in the past fails with DEADLINE_EXCEEDED, and the call is not sent",
  async ({ transport, kind }) => {
    const handler = vi.fn(() => "");
    const { client } = await startBy(transport, everyKind(handler));
    for (const options of [
      { timeoutMs: 0 },
      { timeoutMs: -1 },
      { timeoutMs: Number.NEGATIVE_INFINITY },
      { deadline: new Date(0) },
      { deadline: 5 },
    ]) {
      const failure = await failureOf(kinds[kind](client, "", options));
      const message: unknown = expect.stringMatching(/^deadline exceeded: \/test\.v1\.TestService\/\w+ had no time left when it began$/);
      expect(failure).toMatchObject({ code: Code.DEADLINE_EXCEEDED, message });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(handler).not.toHaveBeenCalled();
  },
);

const illegal: readonly (readonly [key: string, metadata: object])[] = [
  ["x y", { "x y": "1" }],
  ["schlüssel", { schlüssel: "1" }],
  ["", { "": "1" }],
  ["x-text", { "x-text": "zwölf" }],
  ["x-text", { "x-text": "line\nbreak" }],
  ["x-number", { "x-number": 5 }],
  ["x-nothing", { "x-nothing": undefined }],
  ["x-list", { "x-list": ["a", null] }],
  ["x-bytes", { "x-bytes": new Uint8Array(1) }],
  ["x-bin", { "x-bin": "text" }],
  ["te", { te: "trailers" }],
  ["connection", { connection: "close" }],
  ["grpc-timeout", { "grpc-timeout": "1S" }],
  [":path", { ":path": "/" }],
];

test.each(everyWay)(
  "$transport, $kind: invalid metadata fails with INVALID_ARGUMENT, and the message names the key but not the value",
  async ({ transport, kind }) => {
    const { client } = await startBy(
      transport,
      everyKind(() => "fine"),
    );
    for (const [key, metadata] of illegal) {
      const failure = await failureOf(kinds[kind](client, "", { metadata }));
      expect(failure, key).toMatchObject({ code: Code.INVALID_ARGUMENT, message: expect.stringContaining(`"${key}"`) });
      expect(String(failure)).not.toContain("zwölf");
    }
    expect(await kinds[kind](client, "", { metadata: {} })).toMatchObject([{ text: "fine" }]);
  },
);

test.each(kindNames)("%s: invalid metadata of credentials or interceptors fails in the same way", async (kind) => {
  const { address } = await startServer(everyKind(() => "fine"));
  const metadata = { "x y": "1" } as MetadataInit;
  const perRpcCredentials = { requireTransportSecurity: false, getRequestMetadata: () => metadata };
  const failure = await failureOf(kinds[kind](connect(address, { perRpcCredentials }), ""));
  expect(failure).toMatchObject({ code: Code.INVALID_ARGUMENT, message: expect.stringContaining('"x y"') });
  const touch = connect(address, {
    interceptors: [
      async (call, next) => {
        call.metadata.set("x-a", "1");
        return next();
      },
    ],
  });
  expect(await failureOf(kinds[kind](touch, "", { metadata }))).toMatchObject({ code: Code.INVALID_ARGUMENT });
});

test.each(everyWay)(
  "$transport, $kind: a call fails with the error that onHeader or onTrailer throws or rejects with",
  async ({ transport, kind }) => {
    const { client } = await startBy(
      transport,
      everyKind(() => "fine"),
    );
    const fault = new Error("my own");
    const thrower = () => {
      throw fault;
    };
    expect(await failureOf(kinds[kind](client, "", { onHeader: thrower }))).toBe(fault);
    expect(await failureOf(kinds[kind](client, "", { onTrailer: thrower }))).toBe(fault);
    await Promise.allSettled([kinds[kind](client, "", { onHeader: async () => thrower(), onTrailer: async () => thrower() })]);
    expect(await kinds[kind](client, "")).toMatchObject([{ text: "fine" }]);
  },
);

test.each(everyWay)("$transport, $kind: a failed call that is not awaited causes no unhandled rejection", async ({ transport, kind }) => {
  const failing = everyKind(() => {
    throw new RpcError(Code.NOT_FOUND, "no such thing");
  });
  const { client } = await startBy(transport, failing);
  const start: Record<typeof kind, () => unknown> = {
    unary: () => client.unary({}),
    serverStream: () => [client.serverStream({}).recv(), client.serverStream({}).next(), client.serverStream({}).header()],
    clientStream: () => [
      client.clientStream([]),
      client.clientStream().closeAndRecv(),
      client.clientStream({ timeoutMs: Number.NaN }).header(),
    ],
    bidiStream: () => [client.bidiStream([]).recv(), client.bidiStream({ metadata: { te: "" } }).next()],
  };
  start[kind]();
  await new Promise((resolve) => setTimeout(resolve, 50));
});

test.each(everyWay)("$transport, $kind: a promise that is awaited late still rejects", async ({ transport, kind }) => {
  if (kind === "unary" || kind === "clientStream") return;
  const failing = everyKind(() => {
    throw new RpcError(Code.NOT_FOUND, "no such thing");
  });
  const { client } = await startBy(transport, failing);
  const call = kind === "serverStream" ? client.serverStream({}) : client.bidiStream([]);
  const header = call.header();
  const response = call.recv();
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const late of [header, response, call.header(), call.recv()]) expect(await failureOf(late)).toMatchObject({ code: Code.NOT_FOUND });
});

test.each(everyWay)("$transport, $kind: an iterable that throws rejects the call rather than throwing", async ({ transport, kind }) => {
  if (kind !== "clientStream" && kind !== "bidiStream") return;
  const { client } = await startBy(
    transport,
    everyKind(() => ""),
  );
  const fault = new Error("no iterator");
  const requests = {
    [Symbol.asyncIterator](): AsyncIterator<object> {
      throw fault;
    },
  };
  const call = kind === "clientStream" ? client.clientStream(requests) : client.bidiStream(requests).recv();
  expect(await failureOf(call)).toBe(fault);
});

// The messages.

const foreignWords: readonly RegExp[] = [
  /RST_STREAM/,
  /name resolution|metadata filters|LB pick|remote_addr/,
  /No connection established/,
  /^\d+ [A-Z_]+: /,
  /Last error/,
];

async function expectPlain(failure: unknown, code: Code, message: string | RegExp) {
  expect(failure).toBeInstanceOf(RpcError);
  expect(failure).toMatchObject({ code });
  for (const word of foreignWords) expect((failure as RpcError).message).not.toMatch(word);
  expect((failure as RpcError).message).toMatch(message);
}

/** A server of node:http2 that handles each stream with `onStream`. */
async function rawServer(onStream: (stream: http2.ServerHttp2Stream) => void): Promise<string> {
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session.on("error", () => {})));
  server.on("stream", (stream) => onStream(stream.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

const method = /\/test\.v1\.TestService\/\w+/;

test.each(kindNames)("%s: the message of a missed deadline names the method and the time", async (kind) => {
  const { address } = await startServer(everyKind(() => new Promise<never>(() => {})));
  using channel = createChannel(address);
  await channel.connect();
  const failure = await failureOf(kinds[kind](createClient(TestService, channel), "", { timeoutMs: 60 }));
  await expectPlain(failure, Code.DEADLINE_EXCEEDED, /^deadline exceeded: \/test\.v1\.TestService\/\w+ did not end within 60 ms$/);
});

test.each(kindNames)("%s: the message of a deadline missed without a connection says so", async (kind) => {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => void sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const client = connect(`127.0.0.1:${(server.address() as net.AddressInfo).port}`);
  const failure = await failureOf(kinds[kind](client, "", { timeoutMs: 200 }));
  await expectPlain(
    failure,
    Code.DEADLINE_EXCEEDED,
    /^deadline exceeded: \/test\.v1\.TestService\/\w+ had no connection within 200 ms, waiting for the .*$/,
  );
});

const resets: readonly (readonly [name: string, h2code: number, code: Code, message: RegExp])[] = [
  ["NO_ERROR", 0, Code.INTERNAL, /^the server ended \S+ without a status$/],
  ["PROTOCOL_ERROR", 1, Code.INTERNAL, /^the server reset \S+ with PROTOCOL_ERROR$/],
  ["INTERNAL_ERROR", 2, Code.INTERNAL, /^the server reset \S+ with INTERNAL_ERROR$/],
  ["REFUSED_STREAM", 7, Code.UNAVAILABLE, /^127\.0\.0\.1:\d+ refused \S+: it takes no more calls at the moment$/],
  ["CANCEL", 8, Code.CANCELLED, /^the server cancelled \S+$/],
  ["ENHANCE_YOUR_CALM", 11, Code.RESOURCE_EXHAUSTED, /^the server reset \S+ with ENHANCE_YOUR_CALM/],
  ["INADEQUATE_SECURITY", 12, Code.PERMISSION_DENIED, /^the server reset \S+ with INADEQUATE_SECURITY/],
  ["a code without a name", 99, Code.INTERNAL, /^the server reset \S+ with the code 99$/],
];

test.each(resets)("a stream that the server resets with %s", async (_, h2code, code, message) => {
  const address = await rawServer((stream) => stream.close(h2code));
  for (const kind of kindNames) await expectPlain(await failureOf(kinds[kind](connect(address), "", { timeoutMs: 5_000 })), code, message);
});

test("the message of a lost connection names the target and the method", async () => {
  const address = await rawServer((stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    setTimeout(() => stream.session?.destroy(), 20);
  });
  for (const kind of kindNames) {
    const failure = await failureOf(kinds[kind](connect(address), ""));
    await expectPlain(failure, Code.UNAVAILABLE, /^the connection to 127\.0\.0\.1:\d+ was lost during \/test\.v1\.TestService\/\w+$/);
  }
});

test("the message for a peer that speaks HTTP without gRPC contains its HTTP status", async () => {
  const address = await rawServer((stream) => {
    stream.respond({ ":status": 502, "content-type": "text/plain" });
    stream.end("no");
  });
  const failure = await failureOf(connect(address).unary({}));
  await expectPlain(failure, Code.UNAVAILABLE, /is not gRPC: HTTP status 502 with the content type "text\/plain": no$/);
  expect((failure as Error).message).toMatch(method);
});

test("errors for messages over a limit name the method, the size and the limit", async () => {
  const { address } = await startServer({ unary: () => ({ data: new Uint8Array(10_000) }) });
  const receive = connect(address, { limits: { maxReceiveMessageBytes: 5_000 } });
  await expectPlain(
    await failureOf(receive.unary({})),
    Code.RESOURCE_EXHAUSTED,
    /^a message of \S+\/Unary has 100\d\d bytes, and the limit is 5000$/,
  );
  const send = connect(address, { limits: { maxSendMessageBytes: 5_000 } });
  const failure = await failureOf(send.unary({ data: new Uint8Array(10_000) }));
  await expectPlain(failure, Code.RESOURCE_EXHAUSTED, /^a request has 100\d\d bytes, and maxSendMessageBytes is 5000$/);
});

test("a call on a closed channel fails with CANCELLED", async () => {
  const { address } = await startServer(everyKind(() => new Promise<never>(() => {})));
  const channel = createChannel(address);
  const client: TestClient = createClient(TestService, channel);
  channel.close();
  await expectPlain(await failureOf(client.unary({})), Code.CANCELLED, /^the channel to 127\.0\.0\.1:\d+ is closed$/);
});

test("the message of a server's error stays unchanged", async () => {
  const message = "14 UNAVAILABLE: No connection established. Last error: it said so";
  const { address } = await startServer(
    everyKind(() => {
      throw new RpcError(Code.UNAVAILABLE, message);
    }),
  );
  for (const kind of kindNames) expect(await failureOf(kinds[kind](connect(address), ""))).toMatchObject({ message });
});
