// What a call inherits inside a handler, by the options of the client and of the call.
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, type TestClient, until } from "../../test/harness.ts";
import {
  type CallOptions,
  type ClientInterceptor,
  type ClientOptions,
  Code,
  type Context,
  detached,
  inheritedMetadata,
  RpcError,
} from "../index.ts";
import { currentCall } from "./current-call.ts";

type Kind = (typeof everyWay)[number]["kind"];

/** Starts a back end, and a front whose handler runs `body` with a client of the back end. */
async function twoHops(
  { transport, kind }: (typeof everyWay)[number],
  back: (context: Context) => Promise<string> | string,
  body: (client: TestClient, call: (options?: CallOptions) => Promise<unknown>, context: Context) => Promise<unknown>,
  clientOptions: ClientOptions = {},
) {
  const behind = await startBy(transport, everyKind(back), {}, {}, clientOptions);
  const call = (options?: CallOptions) => kinds[kind](behind.client, "", options);
  const errors: unknown[] = [];
  const front = await startBy(
    transport,
    everyKind(async (context) => {
      await body(behind.client, call, context);
      return "";
    }),
    { onError: (error) => errors.push(error) },
  );
  return { call: (options?: CallOptions) => kinds[kind](front.client, "", options), errors };
}

const metadata = { authorization: "Bearer a", "x-user": "ann", "X-Request-Id": "r1", "x-bytes-bin": Buffer.from([1, 2]) };

test.each(everyWay)("$transport, $kind: the options say what of the metadata is inherited", async (way) => {
  const seen: unknown[] = [];
  const { call } = await twoHops(
    way,
    ({ metadata }) => {
      seen.push(Object.fromEntries([...metadata].filter(([key]) => key === "authorization" || key.startsWith("x-"))));
      return "";
    },
    async (_client, call) => {
      await call();
      await call({ inherit: { metadata: inheritedMetadata } });
      await call({ inherit: { metadata: [] } });
      await call({ inherit: false });
      await call({ metadata: { Authorization: "Bearer b" } });
      await call({ metadata: { "x-other": "1" } });
    },
    { inherit: { metadata: [...inheritedMetadata, "Authorization", "x-bytes-bin"] } },
  );
  await call({ metadata });
  const bytes = { "x-bytes-bin": Buffer.from([1, 2]) };
  const all = { authorization: "Bearer a", "x-request-id": "r1", ...bytes };
  expect(seen).toEqual([all, { "x-request-id": "r1" }, {}, {}, { ...all, authorization: "Bearer b" }, { ...all, "x-other": "1" }]);
});

test.each(everyWay)("$transport, $kind: the defaults of a client may say so, too, and interceptors see and change it", async (way) => {
  const seen: unknown[] = [];
  const interceptor: ClientInterceptor = (call, next) => {
    seen.push(call.metadata.get("x-request-id"));
    if (call.metadata.has("x-request-id")) call.metadata.set("x-request-id", "r2");
    return next();
  };
  const back = ({ metadata }: Context) => {
    seen.push(metadata.get("x-request-id"));
    return "";
  };
  const { call } = await twoHops(way, back, async (_client, call) => call(), { interceptors: [interceptor] });
  await call({ metadata });
  expect(seen.splice(0)).toEqual(["r1", "r2"]);
  const without = await twoHops(way, back, async (_client, call) => call(), { defaults: { inherit: false } });
  await without.call({ metadata });
  expect(seen).toEqual([undefined]);
});

test.each(everyWay)("$transport, $kind: credentials replace what is inherited, and join what the call sets itself", async (way) => {
  const seen: unknown[] = [];
  let count = 0;
  const getRequestMetadata = async () => ({
    authorization: `Bearer ${++count}`,
    "x-bytes-bin": Buffer.from([count]),
    "x-user": `user ${count}`,
  });
  const retry: ClientInterceptor = async (_call, next) => {
    await next();
    return next();
  };
  const { call } = await twoHops(
    way,
    ({ metadata }) => {
      seen.push([metadata.getAll("authorization"), metadata.getAllBytes("x-bytes-bin"), metadata.getAll("x-user").join(", ")]);
      return "";
    },
    async (_client, call) => {
      const interceptors = way.kind === "unary" ? [retry] : [];
      await call({ interceptors });
      await call({ metadata: { "x-user": "by hand" } });
    },
    {
      inherit: { metadata: ["authorization", "x-bytes-bin", "x-user"] },
      perRpcCredentials: { getRequestMetadata, requireTransportSecurity: false },
    },
  );
  await call({ metadata });
  const own = (n: number, ...users: string[]) => [[`Bearer ${n}`], [Buffer.from([n])], [...users, `user ${n}`].join(", ")];
  const attempts = way.kind === "unary" ? [own(1), own(2)] : [own(1)];
  expect(seen).toEqual([...attempts, own(attempts.length + 1, "by hand")]);
});

test("only values that a client may send are inherited", async () => {
  const seen: unknown[] = [];
  const { call } = await twoHops(
    { transport: "in process", kind: "unary" },
    ({ metadata }) => {
      seen.push(metadata.get("x-request-id"), metadata.get("baggage"));
      return "";
    },
    async (_client, call, context) => {
      context.metadata.receive("x-request-id", "h\u00e9");
      context.metadata.receive("baggage", "a=1");
      await call();
    },
  );
  await call();
  expect(seen).toEqual([undefined, "a=1"]);
});

test.each(everyWay)("$transport, $kind: the earlier deadline applies", async (way) => {
  const left: (number | undefined)[] = [];
  const { call } = await twoHops(
    way,
    ({ deadline }) => {
      left.push(deadline && Math.round((deadline.getTime() - Date.now()) / 10_000));
      return "";
    },
    async (_client, call) => {
      for (const timeoutMs of [undefined, 20_000, 90_000]) await call({ timeoutMs });
      await call({ inherit: { deadline: false } });
      await call({ inherit: { deadline: false }, timeoutMs: 90_000 });
    },
  );
  await call({ timeoutMs: 50_000 });
  await call();
  expect(left).toEqual([5, 2, 5, undefined, 9, undefined, 2, 9, undefined, 9]);
});

test.each(everyWay)("$transport, $kind: the message names the deadline of the outer call", async (way) => {
  let failure: unknown;
  const { call } = await twoHops(
    way,
    ({ signal }) => delay(60_000, "", { signal }),
    async (_client, call, { signal }) => {
      failure = await failureOf(call({ inherit: { cancellation: false } }));
      // The inner call ends first, by up to a millisecond.
      await new Promise((resolve) => (signal.aborted ? resolve(0) : signal.addEventListener("abort", resolve)));
    },
  );
  expect(await failureOf(call({ timeoutMs: 200 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  await until(() => failure !== undefined);
  // The back end may be the first to answer.
  expect(failure).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  const { message } = failure as RpcError;
  expect(message).toMatch(/, the deadline of \/test\.v1\.TestService\/\w+, which made the call$|^deadline exceeded$/);
});

test.each(everyWay)("$transport, $kind: an own signal and the outer call both cancel", async (way) => {
  const failures: unknown[] = [];
  let running = 0;
  const { call } = await twoHops(
    way,
    async ({ signal }) => {
      running++;
      await delay(60_000, "", { signal }).finally(() => running--);
      return "";
    },
    async (_client, call) => {
      const own = new AbortController();
      const first = failureOf(call({ signal: own.signal }));
      const second = failureOf(call({ signal: own.signal, inherit: { cancellation: false } }));
      const third = failureOf(call({ signal: new AbortController().signal }));
      await until(() => running === 3);
      own.abort();
      failures.push(await first, await second);
      failures.push(await third);
    },
  );
  const controller = new AbortController();
  const failed = failureOf(call({ signal: controller.signal }));
  await until(() => failures.length === 2);
  controller.abort();
  await failed;
  await until(() => failures.length === 3 && running === 0);
  expect(failures).toMatchObject([
    { code: Code.CANCELLED, message: "the call was cancelled" },
    { code: Code.CANCELLED, message: "the call was cancelled" },
    { code: Code.CANCELLED, message: expect.stringContaining("which made it, has ended") },
  ]);
});

test.each(everyWay)("$transport, $kind: what a handler leaves running ends with its call, unless it opts out", async (way) => {
  const outcomes: Record<string, unknown> = {};
  let running = 0;
  const finish = Promise.withResolvers<void>();
  const { call } = await twoHops(
    way,
    async ({ signal }) => {
      running++;
      await Promise.race([finish.promise, new Promise((resolve) => signal.addEventListener("abort", resolve))]);
      return "";
    },
    async (_client, call) => {
      const record = (name: string, made: Promise<unknown>) =>
        void made.then(
          () => (outcomes[name] = "OK"),
          (error: unknown) => (outcomes[name] = error),
        );
      record("inherits", call());
      record("opts out", call({ inherit: { cancellation: false } }));
      record("inherits nothing", call({ inherit: false }));
      record(
        "detached",
        detached(() => call()),
      );
      await until(() => running === 4);
    },
  );
  await call();
  await until(() => outcomes["inherits"] !== undefined);
  finish.resolve();
  await until(() => Object.keys(outcomes).length === 4);
  expect(outcomes).toMatchObject({
    inherits: {
      code: Code.CANCELLED,
      message: expect.stringMatching(/which made it, has ended; detached\(\) runs what may outlive a call$/),
    },
    "opts out": "OK",
    "inherits nothing": "OK",
    detached: "OK",
  });
});

test.each(everyWay)("$transport, $kind: a call that begins after the outer call has ended fails at once", async (way) => {
  let calls = 0;
  const outcomes: unknown[] = [];
  const goOn = Promise.withResolvers<void>();
  const { call } = await twoHops(
    way,
    () => {
      calls++;
      return "";
    },
    async (_client, call) => {
      const later = async () => {
        await goOn.promise;
        outcomes.push(await failureOf(call()));
        outcomes.push(await call({ inherit: { cancellation: false } }).then(() => "OK"));
        outcomes.push(await detached(() => call()).then(() => "OK"));
      };
      void later();
    },
  );
  await call();
  goOn.resolve();
  await until(() => outcomes.length === 3);
  const message: unknown = expect.stringMatching(
    /^the call was not sent: \/test\.v1\.TestService\/\w+, which made it, has ended; detached\(\) /,
  );
  expect(outcomes).toMatchObject([{ code: Code.CANCELLED, message, cause: { code: Code.CANCELLED } }, "OK", "OK"]);
  expect(calls).toBe(2);
});

test.each(everyWay)("$transport, $kind: if one of two calls fails the handler, the other one is cancelled", async (way) => {
  const reasons: unknown[] = [];
  const { call, errors } = await twoHops(
    way,
    async ({ metadata, signal }) => {
      if (metadata.has("fail")) throw new RpcError(Code.FAILED_PRECONDITION, "no");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reasons.push(signal.reason);
      return "";
    },
    async (_client, call) => Promise.all([call(), delay(50).then(() => call({ metadata: { fail: "1" } }))]),
  );
  expect(await failureOf(call())).toMatchObject({ code: Code.FAILED_PRECONDITION, message: "no" });
  await until(() => reasons.length === 1);
  expect(reasons).toMatchObject([{ code: Code.CANCELLED }]);
  expect(errors).toEqual([]);
});

test("a thousand calls end with the call that made them, in any order", async () => {
  let running = 0;
  const failures: unknown[] = [];
  const { call } = await twoHops(
    { transport: "http2", kind: "unary" },
    async ({ signal }) => {
      running++;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      running--;
      return "";
    },
    async (_client, call) => {
      const own = new AbortController();
      const made = Array.from({ length: 1_000 }, async (_, i) => {
        // The end of a call ends another one.
        failures.push(await failureOf(call(i % 10 === 0 ? { signal: own.signal } : {})).finally(() => own.abort()));
      });
      await Promise.all(made);
    },
  );
  const controller = new AbortController();
  const failed = failureOf(call({ signal: controller.signal }));
  await until(() => running >= 90);
  controller.abort();
  await failed;
  await until(() => failures.length === 1_000 && running === 0);
  expect(failures.every((error) => error instanceof RpcError && error.code === Code.CANCELLED)).toBe(true);
});

test.each(everyWay)("$transport, $kind: buffered responses are not read after the outer call has ended", async ({ transport, kind }) => {
  const reads: unknown[] = [];
  const ended = Promise.withResolvers<void>();
  const behind = await startBy(transport, {
    async *serverStream() {
      for (let i = 0; i < 3; i++) yield { text: `${i}` };
    },
  });
  const front = await startBy(
    transport,
    everyKind(async () => {
      const responses = behind.client.serverStream({});
      reads.push((await responses.recv())?.text);
      await delay(50);
      const later = async () => {
        await ended.promise;
        reads.push(await failureOf(responses.recv()));
      };
      void later();
      return "";
    }),
  );
  await kinds[kind as Kind](front.client, "");
  ended.resolve();
  await until(() => reads.length === 2);
  expect(reads).toMatchObject(["0", { code: Code.CANCELLED }]);
});

test("outside of a call, nothing is inherited", async () => {
  const { client } = await startBy(
    "in process",
    everyKind(({ deadline, metadata }) => `${deadline} ${metadata.size}`),
  );
  expect(currentCall()).toBeUndefined();
  expect(await client.unary({})).toMatchObject({ text: "undefined 0" });
});

test.each([
  [{ inherit: 5 }, "inherit takes an object of options, got 5"],
  [{ inherit: { deadlines: true } }, 'inherit has no option "deadlines"; the options are deadline, cancellation, metadata'],
  [{ inherit: { deadline: 1 } }, "inherit.deadline must be true or false, got 1"],
  [{ inherit: { cancellation: "no" } }, "inherit.cancellation must be true or false, got 'no'"],
  [{ inherit: { metadata: "authorization" } }, "inherit.metadata must be an array, got 'authorization'"],
  [{ inherit: { metadata: ["a", 1] } }, "inherit.metadata[1] must be a string, got 1"],
  [{ inherit: { metadata: ["a b"] } }, "inherit.metadata[0] must be a metadata key that a client may send, got 'a b'"],
  [{ inherit: { metadata: ["Content-Type"] } }, "inherit.metadata[0] must be a metadata key that a client may send, got 'Content-Type'"],
  [{ inherit: { metadata: ["grpc-timeout"] } }, "inherit.metadata[0] must be a metadata key that a client may send, got 'grpc-timeout'"],
])("%j is rejected by createClient() and by a call", async (options, message) => {
  const wrong = options as never;
  await expect(startBy("in process", {}, {}, {}, wrong)).rejects.toThrow(message);
  await expect(startBy("in process", {}, {}, {}, { defaults: wrong })).rejects.toThrow(message);
  const { client } = await startBy("in process", {});
  expect(await failureOf(client.unary({}, wrong))).toMatchObject({ message });
});
