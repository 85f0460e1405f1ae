// `ClientCall.onAttempt()`: what an interceptor learns of the attempts below it.
import { constants } from "node:http2";
import { expect, test } from "vitest";
import { kindNames, kinds, startServer, type TestHandlers, TestService, until } from "../../../test/harness.ts";
import { peerServer } from "../../../test/http2-peer.ts";
import { type Attempt, type ClientInterceptor, Code, type ConnectOptions, createClient, RpcError } from "../../index.ts";

interface Seen {
  readonly previous: number;
  readonly transparent: boolean;
  readonly attempt: Attempt;
  code?: Code;
}

/** Records the attempts, and numbers each in its metadata. */
function observe(seen: Seen[]): ClientInterceptor {
  return (call, next) => {
    call.onAttempt((attempt) => {
      const one: Seen = { previous: attempt.previousAttempts, transparent: attempt.transparent, attempt };
      attempt.metadata.set("x-attempt", String(seen.push(one)));
      attempt.onEnd((error) => {
        one.code = error?.code ?? Code.OK;
      });
    });
    return next();
  };
}

async function start(handlers: TestHandlers, options: ConnectOptions) {
  const seen: Seen[] = [];
  const { address, server } = await startServer(handlers);
  const client = createClient(TestService, address, { ...options, interceptors: [observe(seen)] });
  return { client, seen, server };
}

const plain = (seen: readonly Seen[]) => seen.map(({ previous, transparent, code }) => ({ previous, transparent, code }));

test.each(kindNames)("%s: each attempt of a retry is reported, and sends its own metadata", async (kind) => {
  const received: (string | undefined)[] = [];
  const fail = (metadata: { get(key: "x-attempt"): string | undefined }) => {
    received.push(metadata.get("x-attempt"));
    if (received.length < 3) throw new RpcError(Code.UNAVAILABLE, "not yet");
  };
  const { client, seen } = await start(
    {
      unary: (_request, { metadata }) => {
        fail(metadata);
        return {};
      },
      async *serverStream(_request, { metadata }) {
        fail(metadata);
        yield {};
      },
      clientStream: (_requests, { metadata }) => {
        fail(metadata);
        return {};
      },
      async *bidiStream(_requests, { metadata }) {
        fail(metadata);
        yield {};
      },
    },
    { retry: { codes: ["UNAVAILABLE"], maxAttempts: 4, initialBackoffMs: 1 } },
  );
  await kinds[kind](client, "x");
  expect(received).toEqual(["1", "2", "3"]);
  expect(plain(seen)).toEqual([
    { previous: 0, transparent: false, code: Code.UNAVAILABLE },
    { previous: 1, transparent: false, code: Code.UNAVAILABLE },
    { previous: 2, transparent: false, code: Code.OK },
  ]);
  expect(seen.map(({ attempt }) => attempt.peer)).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^127\.0\.0\.1:\d+$/)));
  client[Symbol.dispose]();
});

test("the attempt that loses a hedge ends with CANCELLED", async () => {
  let calls = 0;
  const { client, seen } = await start(
    { unary: () => (++calls === 1 ? new Promise(() => {}) : { text: "second" }) },
    { methods: [{ service: TestService, hedging: { maxAttempts: 2, delayMs: 10 } }] },
  );
  expect((await client.unary({})).text).toBe("second");
  await until(() => seen.every(({ code }) => code !== undefined));
  expect(plain(seen)).toEqual([
    { previous: 0, transparent: false, code: Code.CANCELLED },
    { previous: 1, transparent: false, code: Code.OK },
  ]);
  client[Symbol.dispose]();
});

test("the attempt of a cancelled call ends with CANCELLED", async () => {
  const controller = new AbortController();
  const { client, seen } = await start(
    { unary: () => new Promise(() => controller.abort()) },
    { retry: { codes: ["UNAVAILABLE"], maxAttempts: 4 } },
  );
  await expect(client.unary({}, { signal: controller.signal })).rejects.toMatchObject({ code: Code.CANCELLED });
  expect(plain(seen)).toEqual([{ previous: 0, transparent: false, code: Code.CANCELLED }]);
  client[Symbol.dispose]();
});

test("a call without a policy reports its transparent retry only", async () => {
  const { target, streams } = await refusingOnce();
  const seen: Seen[] = [];
  const client = createClient(TestService, target, { interceptors: [observe(seen)] });
  await client.unary({});
  expect(plain(seen)).toEqual([{ previous: 0, transparent: true, code: Code.OK }]);
  expect(streams).toEqual([undefined, "1"]);
  client[Symbol.dispose]();
});

/** A server that refuses the first stream. Records `x-attempt` of each. */
async function refusingOnce() {
  const streams: (string | undefined)[] = [];
  const target = await peerServer((stream, headers) => {
    if (streams.push(headers["x-attempt"] as string | undefined) === 1) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.alloc(5));
  });
  return { target, streams };
}

test("an observer that throws, or sets metadata that cannot be sent, does not affect the call", async () => {
  const { client, server } = await start(
    { unary: (_request, { metadata }) => ({ text: metadata.get("x-own") ?? "none" }) },
    { retry: { codes: ["UNAVAILABLE"], maxAttempts: 2 } },
  );
  const spoil: ClientInterceptor = (call, next) => {
    call.metadata.set("x-own", "kept");
    call.onAttempt((attempt) => {
      attempt.metadata.set("x-own", "lost").set("connection", "close");
      attempt.onEnd(() => {
        throw new Error("a fault of the listener");
      });
      throw new Error("a fault of the observer");
    });
    return next();
  };
  expect((await client.unary({}, { interceptors: [spoil] })).text).toBe("kept");
  client[Symbol.dispose]();
  await server.shutdown();
});

test("the observer must be a function", async () => {
  const { client } = await start({ unary: () => ({}) }, {});
  const wrong: ClientInterceptor = (call, next) => {
    call.onAttempt(5 as never);
    return next();
  };
  await expect(client.unary({}, { interceptors: [wrong] })).rejects.toThrow("the observer of onAttempt() must be a function, got 5");
  client[Symbol.dispose]();
});
