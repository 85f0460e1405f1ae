// Calls behave the same on every transport: each test here runs on all of them.
import { expect, test, vi } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, type TestHandlers, TestService, transports, until } from "../../test/harness.ts";
import { transportsWith } from "../../test/transports.ts";
import { authenticate, Code, type Context, createClient, createContextKey, createServer, detail, Metadata, RpcError } from "../index.ts";
import { BadRequestSchema } from "../protocol/error-details.ts";

test.each(everyWay)("$transport, $kind: the response, header and trailer arrive", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind((context) => {
      context.header.set("h", "1");
      context.trailer.set("t", "2");
      return String(context.metadata.get("m"));
    }),
  );
  const seen: unknown[] = [];
  const options = {
    metadata: { m: "x" },
    onHeader: (header: Context["metadata"]) => seen.push(header.get("h")),
    onTrailer: (trailer: Context["metadata"]) => seen.push(trailer.get("t")),
  };
  expect((await kinds[kind](client, "", options)).map(({ text }) => text)).toEqual(["x"]);
  await until(() => seen.length === 2);
  expect(seen).toEqual(["1", "2"]);
});

test.each(everyWay)("$transport, $kind: an error keeps its code, message, metadata and details", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind(() => {
      const details = [detail(BadRequestSchema, { fieldViolations: [{ field: "f" }] })];
      throw new RpcError(Code.NOT_FOUND, "坏了", { details, metadata: { t: "2" } });
    }),
  );
  const error = RpcError.from(await failureOf(kinds[kind](client, "")));
  expect(error).toMatchObject({ code: Code.NOT_FOUND, message: "坏了" });
  expect(error.metadata.get("t")).toBe("2");
  expect(error.findDetails(BadRequestSchema)).toMatchObject([{ fieldViolations: [{ field: "f" }] }]);
});

test.each(everyWay)(
  "$transport, $kind: any other error becomes INTERNAL without its message, and is reported once",
  async ({ transport, kind }) => {
    const reported: unknown[] = [];
    const { client } = await startBy(
      transport,
      everyKind(() => {
        throw new Error("secret");
      }),
      { onError: (error) => reported.push(error) },
    );
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
    expect(reported).toMatchObject([{ message: "secret" }]);
  },
);

test.each(everyWay)("$transport, $kind: a deadline ends the call on both sides", async ({ transport, kind }) => {
  let reason: unknown;
  const handlers = everyKind(
    ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          reason = signal.reason;
          reject(signal.reason);
        }),
      ),
  );
  const { client, channel } = await startBy(transport, handlers);
  await channel.connect();
  expect(await failureOf(kinds[kind](client, "", { timeoutMs: 150 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  await until(() => reason !== undefined);
  // Over a socket, the caller may cancel slightly before the server's own deadline timer fires.
  const codes = transport === "in process" ? [Code.DEADLINE_EXCEEDED] : [Code.DEADLINE_EXCEEDED, Code.CANCELLED];
  expect(codes).toContain(RpcError.from(reason).code);
  expect(await failureOf(kinds[kind](client, "", { timeoutMs: -1 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test.each(everyWay)("$transport, $kind: a cancel aborts the handler's signal", async ({ transport, kind }) => {
  let reason: unknown;
  let called = false;
  const handlers = everyKind(({ signal }) => {
    called = true;
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        reason = signal.reason;
        reject(signal.reason);
      }),
    );
  });
  const { client } = await startBy(transport, handlers);
  const controller = new AbortController();
  const failure = failureOf(kinds[kind](client, "", { signal: controller.signal }));
  await until(() => called);
  controller.abort();
  expect(await failure).toMatchObject({ code: Code.CANCELLED });
  await until(() => reason !== undefined);
  expect(reason).toMatchObject({ code: Code.CANCELLED });
});

test.each(everyWay)("$transport, $kind: interceptors run, and may reject a call", async ({ transport, kind }) => {
  const who = createContextKey<string>("who");
  const verify = ({ metadata }: Context) => {
    if (metadata.get("token") !== "t") throw new RpcError(Code.UNAUTHENTICATED, "no token");
    return "me";
  };
  const { client } = await startBy(
    transport,
    everyKind(({ values }) => values.require(who)),
    { interceptors: [authenticate({ key: who, verify })] },
  );
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.UNAUTHENTICATED });
  expect((await kinds[kind](client, "", { metadata: { token: "t" } })).map(({ text }) => text)).toEqual(["me"]);
});

test.each(transports)("%s: messages of a bidirectional stream keep their order until the half-close", async (transport) => {
  const { client } = await startBy(transport, {
    async *bidiStream(requests) {
      for await (const { count } of requests) yield { count: count * 2 };
      yield { text: "bye" };
    },
  });
  const call = client.bidiStream();
  for (let count = 0; count < 100; count++) {
    await call.send({ count });
    expect((await call.recv())?.count).toBe(count * 2);
  }
  call.closeSend();
  expect((await call.recv())?.text).toBe("bye");
  expect(await call.recv()).toBeUndefined();
  const many = Array.from({ length: 1000 }, (_, count) => ({ count }));
  expect((await Array.fromAsync(client.bidiStream(many))).map(({ count }) => count)).toEqual([...many.map(({ count }) => count * 2), 0]);
});

test.each(transports)("%s: a slow reader slows the generator, and a reader that leaves ends it", async (transport) => {
  let made = 0;
  let ended = false;
  const { client } = await startBy(transport, {
    async *serverStream() {
      try {
        for (; made < 1_000_000; made++) yield { data: new Uint8Array(16 * 1024) };
      } finally {
        ended = true;
      }
    },
  });
  for await (const _ of client.serverStream({})) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(made).toBeLessThan(1000);
    break;
  }
  await until(() => ended);
});

test.each(transports)("%s: a slow handler slows the sender", async (transport) => {
  let sent = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { client } = await startBy(transport, {
    async clientStream(requests) {
      await released;
      let count = 0;
      for await (const _ of requests) count++;
      return { count };
    },
  });
  const requests = function* () {
    for (; sent < 2000; sent++) yield { data: new Uint8Array(16 * 1024) };
  };
  const response = client.clientStream(requests());
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sent).toBeLessThan(1000);
  release();
  expect((await response).count).toBe(2000);
});

test("in process, a shutdown waits for running calls, then aborts them, and new ones are UNAVAILABLE", async () => {
  const release = Promise.withResolvers<void>();
  const started: string[] = [];
  const { server, client } = await startBy("in process", {
    unary: ({ text }, { signal }) =>
      new Promise((resolve, reject) => {
        started.push(text);
        if (text === "quick") release.promise.then(() => resolve({ text }));
        else signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  const quick = client.unary({ text: "quick" });
  const slow = failureOf(client.unary({ text: "slow" }));
  await until(() => started.length === 2);
  const shutdown = server.shutdown({ graceMs: 500 });
  const late = failureOf(client.unary({}));
  release.resolve();
  expect(await late).toMatchObject({ code: Code.UNAVAILABLE, message: "the server is shutting down" });
  expect((await quick).text).toBe("quick");
  expect(await slow).toMatchObject({ code: Code.UNAVAILABLE });
  expect(await shutdown).toMatchObject({ cut: [{ peer: "in-process", how: "aborted" }] });
});

test("in process, an unknown method is UNIMPLEMENTED, and a closed channel CANCELLED", async () => {
  const server = createServer();
  const channel = server.channel();
  const client = createClient(TestService, channel);
  expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.UNIMPLEMENTED });
  channel.close();
  expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.CANCELLED });
});

test("in process, a handler changes only its own copy of metadata", async () => {
  const { client } = await startBy("in process", {
    unary: (_request, { metadata }) => {
      metadata.set("m", "changed");
      return {};
    },
  });
  const metadata = new Metadata({ m: "mine" });
  await client.unary({}, { metadata });
  expect(metadata.get("m")).toBe("mine");
});

test.each(everyWay)("$transport, $kind: messages that cannot be serialized fail, on both sides", async ({ transport, kind }) => {
  const onError = vi.fn();
  const tooLarge = { count: 2 ** 40 };
  const handlers: TestHandlers = {
    unary: () => tooLarge,
    serverStream: () => [tooLarge],
    clientStream: () => tooLarge,
    bidiStream: () => [tooLarge],
  };
  const { client } = await startBy(transport, handlers, { onError });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
  expect(onError).toHaveBeenCalledTimes(1);
  const calls = {
    unary: () => client.unary(tooLarge),
    serverStream: () => client.serverStream(tooLarge).recv(),
    clientStream: () => client.clientStream([tooLarge]),
    bidiStream: () => client.bidiStream([tooLarge]).recv(),
  };
  expect(await failureOf(calls[kind]())).toMatchObject({ code: Code.INVALID_ARGUMENT, message: expect.stringContaining("1099511627776") });
  expect(await failureOf(kinds[kind](client, "", { compression: "br" }))).toMatchObject({
    code: Code.INVALID_ARGUMENT,
    message: "compression must be identity, gzip or deflate, got br",
  });
});

test.each(everyWay)("$transport, $kind: a request over the server's limit is RESOURCE_EXHAUSTED", async ({ transport, kind }) => {
  const handlers = {
    ...everyKind(() => "fine"),
    clientStream: async (requests: AsyncIterable<unknown>) => ({ count: (await Array.fromAsync(requests)).length }),
    async *bidiStream(requests: AsyncIterable<unknown>) {
      for await (const _ of requests) yield { text: "fine" };
    },
  };
  const { client } = await startBy(transport, handlers, { limits: { maxReceiveMessageBytes: 1_000 } });
  expect(await kinds[kind](client, "x".repeat(900))).toHaveLength(1);
  expect(await failureOf(kinds[kind](client, "x".repeat(1_100)))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});

test.each(everyWay)("$transport, $kind: a response over the server's limit is RESOURCE_EXHAUSTED", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind(({ metadata }) => "x".repeat(Number(metadata.get("length")))),
    { limits: { maxSendMessageBytes: 1_000 } },
  );
  expect(await kinds[kind](client, "", { metadata: { length: "900" } })).toHaveLength(1);
  expect(await failureOf(kinds[kind](client, "", { metadata: { length: "1100" } }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});

test.each(everyWay)("$transport, $kind: the status of an error is shortened, and the channel stays usable", async ({ transport, kind }) => {
  const details = [detail(BadRequestSchema, { fieldViolations: [{ field: "f".repeat(20_000) }] })];
  const { client } = await startBy(
    transport,
    everyKind(({ metadata }) => {
      if (metadata.has("fail")) throw new RpcError(Code.ABORTED, "坏".repeat(20_000), { details });
      return "fine";
    }),
  );
  const error = RpcError.from(await failureOf(kinds[kind](client, "", { metadata: { fail: "1" } })));
  expect(error.code).toBe(Code.ABORTED);
  expect(error.message).toMatch(/^坏+… \(shortened\)$/);
  expect(Buffer.byteLength(error.message) * 3).toBeLessThan(9_000);
  expect(error.details).toEqual([]);
  expect(await kinds[kind](client, "")).toMatchObject([{ text: "fine" }]);
});

test.each(everyWay)("$transport, $kind: metadata arrives complete, without protocol fields", async ({ transport, kind }) => {
  const seen: unknown[] = [];
  const { client } = await startBy(
    transport,
    everyKind(({ metadata, trailer }) => {
      seen.push([...metadata].filter(([key]) => key !== "user-agent"));
      for (const [key, value] of metadata) if (key.startsWith("x-")) trailer.add(key, value);
      return "";
    }),
  );
  const several = transportsWith("severalValues").includes(transport);
  const metadata = new Metadata({
    "x-text": several ? ["a", "b", "a, b"] : "a, b",
    "x-bytes-bin": [Buffer.from([0, 255]), Buffer.alloc(0)],
  });
  const onTrailer = (trailer: Metadata) => seen.push([...trailer]);
  await kinds[kind](client, "", { metadata, onTrailer });
  expect(seen).toEqual([[...metadata], [...metadata]]);
});

test.each(transports)("%s: of the reserved keys, a handler sees only those for tracing", async (transport) => {
  let seen: string[] = [];
  const { client } = await startBy(
    transport,
    everyKind((context) => {
      seen = [...context.metadata.keys()].filter((key) => key !== "user-agent");
      return "fine";
    }),
  );
  const trace = new Uint8Array([1]);
  const metadata = { "grpc-trace-bin": trace, "grpc-tags-bin": trace, "grpc-status": "5", "grpc-foo": "1", "x-mine": "1" };
  await client.unary({}, { metadata });
  expect(seen.toSorted()).toEqual(["grpc-tags-bin", "grpc-trace-bin", "x-mine"]);
  const failure = await failureOf(client.unary({}, { metadata: { host: "elsewhere" } }));
  expect(failure).toMatchObject({ code: Code.INVALID_ARGUMENT, message: 'the metadata key "host" is reserved for HTTP' });
});
