// The interface between a client and its channel, call by call.
import { toBinary } from "@bufbuild/protobuf";
import { beforeEach, expect, test, vi } from "vitest";
import { FakeChannel } from "../../test/fake-channel.ts";
import { ResponseSchema } from "../../test/gen/test_pb.js";
import { failureOf, type TestClient, TestService } from "../../test/harness.ts";
import { type ClientInterceptor, Code, createClient, Metadata, wasCompressed } from "../index.ts";
import type { Status } from "../protocol/status.ts";

let channel: FakeChannel;
let client: TestClient;
beforeEach(() => {
  channel = new FakeChannel();
  client = createClient(TestService, channel);
});

const response = (count: number, size = 0) =>
  Buffer.from(toBinary(ResponseSchema, { $typeName: "test.v1.Response", text: "", count, data: new Uint8Array(size), parts: [] }));
const ok: Status = { code: Code.OK, message: "", metadata: undefined };
const data = (size: number) => ({ data: new Uint8Array(size) });
/** Waits for pending microtasks. */
const soon = () => new Promise((resolve) => setImmediate(resolve));

test("a unary call is opened with its request and its options", async () => {
  const metadata = new Metadata({ "x-a": "1" });
  const deadline = Date.now() + 10_000;
  const call = client.unary({ count: 7 }, { metadata, deadline, compression: "gzip", waitForReady: true, authority: "other" });
  expect(channel.last.call).toMatchObject({
    method: { path: "/test.v1.TestService/Unary", requestStream: false, responseStream: false },
    metadata,
    deadline,
    compression: "gzip",
    waitForReady: true,
    authority: "other",
    request: Buffer.from([0x10, 7]),
    previousAttempts: 0,
  });
  expect(channel.last.sent).toEqual([]);
  channel.last.listener.onHeader(undefined, "identity");
  channel.last.listener.onMessage(response(8), true);
  channel.last.listener.onStatus(ok);
  const received = await call;
  expect(received.count).toBe(8);
  expect(wasCompressed(received)).toBe(true);
  expect(channel.last.cancels).toEqual([]);
});

test("a call without options leaves them to the channel", async () => {
  void client.unary({});
  expect(channel.last.call).toMatchObject({
    metadata: undefined,
    deadline: Number.POSITIVE_INFINITY,
    compression: "identity",
    waitForReady: undefined,
    authority: undefined,
  });
});

test("the calls of a method share one method object, so that a channel can cache by it", () => {
  void client.unary({});
  void client.unary({});
  void client.clientStream();
  const [first, second, other] = channel.streams.map(({ call }) => call.method);
  expect(first).toBe(second);
  expect(other).not.toBe(first);
});

test.each(["unary", "clientStream"] as const)("%s: a second response is pulled, and ends the call with UNIMPLEMENTED", async (kind) => {
  const call = kind === "unary" ? client.unary({}) : client.clientStream([]);
  await soon();
  expect(channel.last.pulls).toBe(2);
  channel.last.listener.onMessage(response(1), false);
  channel.last.listener.onMessage(response(2), false);
  expect(await failureOf(call)).toMatchObject({ code: Code.UNIMPLEMENTED, message: "the server sent more than one response" });
  expect(channel.last.cancels).toMatchObject([{ code: Code.UNIMPLEMENTED }]);
});

test.each(["unary", "clientStream"] as const)("%s: OK without a response is UNIMPLEMENTED, also for interceptors", async (kind) => {
  let seen: unknown;
  const watch: ClientInterceptor = async (_call, next) => {
    return next().catch((error: unknown) => {
      seen = error;
      throw error;
    });
  };
  client = createClient(TestService, channel, { interceptors: [watch] });
  const call = kind === "unary" ? client.unary({}) : client.clientStream([]);
  await soon();
  channel.last.listener.onStatus(ok);
  const failure = await failureOf(call);
  expect(failure).toMatchObject({ code: Code.UNIMPLEMENTED, message: "the server sent no response" });
  expect(seen).toBe(failure);
});

test("a malformed response ends the call once", async () => {
  const onTrailer = vi.fn();
  const call = client.unary({}, { onTrailer });
  channel.last.listener.onMessage(Buffer.from([0x10]), false);
  channel.last.listener.onMessage(Buffer.from([0x10]), false);
  expect(await failureOf(call)).toMatchObject({ code: Code.INTERNAL, message: "cannot parse the response as test.v1.Response" });
  expect(channel.last.cancels).toHaveLength(1);
  expect(onTrailer).toHaveBeenCalledTimes(1);
});

test("responses of a stream are pulled one by one, up to 256 KiB of unread messages", async () => {
  const call = client.serverStream({});
  let sent = 0;
  while (channel.last.pulls > sent && sent < 1_000) channel.last.listener.onMessage(response(sent++, 16 * 1024), false);
  expect(sent).toBe(16);
  for (let count = 0; count < 16; count++) expect((await call.recv())?.count).toBe(count);
  expect(channel.last.pulls).toBe(17);
  const reads = [call.recv(), call.recv()];
  channel.last.listener.onMessage(response(100), false);
  expect(channel.last.pulls).toBe(18);
  channel.last.listener.onStatus(ok);
  expect((await Promise.all(reads)).map((message) => message?.count)).toEqual([100, undefined]);
});

test("messages that arrived before an error are read first", async () => {
  const call = client.serverStream({});
  channel.last.listener.onMessage(response(1), false);
  channel.last.listener.onStatus({ code: Code.ABORTED, message: "again", metadata: undefined });
  expect((await call.recv())?.count).toBe(1);
  expect(await failureOf(call.recv())).toMatchObject({ code: Code.ABORTED });
  expect(channel.last.cancels).toEqual([]);
});

test("send() waits for room in the channel, and resolves to false once the call has ended", async () => {
  const call = client.bidiStream({ compression: "gzip" });
  const { last } = channel;
  expect(await call.send(data(1), { compress: false })).toBe(true);
  last.room = false;
  const waits = [call.send(data(2)), call.send(data(3))];
  let settled = 0;
  for (const wait of waits) void wait.then(() => settled++);
  await soon();
  expect(settled).toBe(0);
  expect(last.sent.map(({ message, compress }) => [message.length, compress])).toEqual([
    [3, false],
    [4, true],
    [5, true],
  ]);
  last.listener.onDrain();
  expect(await Promise.all(waits)).toEqual([true, true]);
  const cut = call.send(data(4));
  last.listener.onStatus({ code: Code.ABORTED, message: "", metadata: undefined });
  expect(await cut).toBe(false);
  expect(await call.send(data(5))).toBe(false);
  expect(last.sent).toHaveLength(4);
  expect(last.halfClosed).toBe(false);
});

test("requests sent before the call begins are queued in order, and send() waits beyond 64 KiB", async () => {
  const begin = Promise.withResolvers<void>();
  const shown: unknown[] = [];
  const wait: ClientInterceptor = async (_call, next) => {
    await begin.promise;
    return next();
  };
  const late: ClientInterceptor = (call, next) => {
    if (call.requests === undefined) return next();
    const { requests } = call;
    async function* noted() {
      for await (const request of requests) {
        shown.push(request.$typeName);
        yield request;
      }
    }
    return next({ requests: noted() });
  };
  client = createClient(TestService, channel, { interceptors: [wait, late] });
  const call = client.bidiStream();
  void call.send({ count: 1 });
  let taken = false;
  const large = call.send({ count: 2, ...data(70_000) }).then((room) => {
    taken = room;
  });
  call.closeSend();
  await soon();
  expect([channel.streams.length, taken]).toEqual([0, false]);
  begin.resolve();
  await large;
  await soon();
  expect(channel.last.sent.map(({ message }) => message.length)).toEqual([2, 70_006]);
  expect(channel.last.halfClosed).toBe(true);
  expect(shown).toEqual(["test.v1.Request", "test.v1.Request"]);
});

test("a cancel reaches the channel once, with code and message", async () => {
  const onHeader = vi.fn();
  const call = client.serverStream({}, { onHeader });
  call.cancel();
  call.cancel();
  expect(channel.last.cancels).toEqual([{ code: Code.CANCELLED, message: "the call was cancelled" }]);
  expect(await failureOf(call.recv())).toMatchObject({ code: Code.CANCELLED });
  expect(await failureOf(call.header())).toMatchObject({ code: Code.CANCELLED });
});

test("a missed deadline cancels the stream, and its message says whether there was a connection", async () => {
  const waiting = failureOf(client.unary({}, { timeoutMs: 20 }));
  expect(await waiting).toMatchObject({ code: Code.DEADLINE_EXCEEDED, message: expect.stringMatching(/ had no connection within 20 ms$/) });
  expect(channel.last.cancels).toMatchObject([{ code: Code.DEADLINE_EXCEEDED }]);
  const connected = failureOf(client.unary({}, { timeoutMs: 20 }));
  channel.last.peer = "127.0.0.1:1";
  expect(await connected).toMatchObject({ message: expect.stringMatching(/ did not end within 20 ms$/) });
});

test("an exception in the channel rejects the call rather than throwing", async () => {
  const fault = new Error("my own");
  vi.spyOn(channel, "open").mockImplementation(() => {
    throw fault;
  });
  expect(await failureOf(client.unary({}))).toBe(fault);
  expect(await failureOf(client.serverStream({}).recv())).toBe(fault);
});

test("options of a wrong type reject the call with a TypeError", async () => {
  for (const options of [null, 5, "text"]) {
    expect(await failureOf(client.unary({}, options as never))).toMatchObject({ name: "TypeError" });
  }
  expect(channel.streams).toEqual([]);
});

test("an invalid target throws a TypeError that names the valid types", () => {
  for (const target of [undefined, null, 5, {}, new Metadata()]) {
    expect(() => createClient(TestService, target as never)).toThrow(/^the target of a client must be a string or a Channel, got /);
  }
});

test("per-RPC credentials receive the URI of the service, independent of the target", async () => {
  const uris: string[] = [];
  const perRpcCredentials = {
    requireTransportSecurity: true,
    getRequestMetadata: (uri: string) => {
      uris.push(uri);
      return { "x-token": "secret" };
    },
  };
  client = createClient(TestService, channel, { perRpcCredentials });
  void client.unary({});
  void client.unary({}, { authority: "other.example:8443" });
  await soon();
  expect(uris).toEqual(["https://fake.example/test.v1.TestService", "https://other.example:8443/test.v1.TestService"]);
  expect(channel.streams.map(({ call }) => call.metadata?.get("x-token"))).toEqual(["secret", "secret"]);
});

test("an interceptor sees the peer of its last attempt only", async () => {
  const peers: (string | undefined)[] = [];
  const twice: ClientInterceptor = async (call, next) => {
    const first = next();
    channel.last.peer = "127.0.0.1:1";
    peers.push(call.peer);
    channel.last.listener.onStatus({ code: Code.UNAVAILABLE, message: "no", metadata: undefined });
    await failureOf(first);
    const second = next();
    peers.push(call.peer);
    channel.last.peer = "127.0.0.1:2";
    peers.push(call.peer);
    channel.last.listener.onMessage(response(8), false);
    channel.last.listener.onStatus(ok);
    return second;
  };
  const intercepted = createClient(TestService, channel, { interceptors: [twice] });
  expect(await intercepted.unary({})).toMatchObject({ count: 8 });
  expect(peers).toEqual(["127.0.0.1:1", undefined, "127.0.0.1:2"]);
});
