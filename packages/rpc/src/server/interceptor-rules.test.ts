// A server interceptor that breaks a rule must not make a call look complete.
import { expect, test, vi } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, until } from "../../test/harness.ts";
import { Code, type Context, RpcError, type ServerInterceptor } from "../index.ts";

const later = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

const rules: readonly (readonly [rule: string, interceptor: ServerInterceptor, message: string])[] = [
  ["returns without next()", async () => {}, "an interceptor returned without calling next()"],
  [
    "forgets to await next()",
    async (_call, next) => {
      void next();
    },
    "an interceptor returned before next() had settled: await it",
  ],
  [
    "stops waiting for next()",
    async (_call, next) => {
      await Promise.race([next(), Promise.resolve()]);
    },
    "an interceptor returned before next() had settled: await it",
  ],
  [
    "calls next() twice, one after the other",
    async (_call, next) => {
      await next();
      await next();
    },
    "an interceptor called next() twice",
  ],
  [
    "calls next() twice at once",
    async (_call, next) => {
      await Promise.allSettled([next(), next()]);
    },
    "an interceptor called next() twice",
  ],
];

const inOrOut = everyWay.flatMap((one) => rules.map(([rule, interceptor, message]) => ({ ...one, rule, interceptor, message })));

test.each(inOrOut)(
  "$transport, $kind: an interceptor that $rule ends the call with INTERNAL, and is reported once",
  async ({ transport, kind, interceptor, message }) => {
    const onError = vi.fn();
    const around: ServerInterceptor = (_call, next) => next();
    const handlers = everyKind(async () => {
      await later();
      return "answer";
    });
    const { client } = await startBy(transport, handlers, { interceptors: [around, interceptor, around], onError });
    expect(await failureOf(kinds[kind](client, "", { timeoutMs: 5_000 }))).toMatchObject({ code: Code.INTERNAL, message });
    await later();
    expect(onError.mock.calls).toEqual([[expect.objectContaining({ message }), expect.anything()]]);
  },
);

test.each(everyWay)(
  "$transport, $kind: an interceptor that swallows a rejection of next() ends the call with INTERNAL, and is reported",
  async ({ transport, kind }) => {
    const onError = vi.fn();
    const swallow: ServerInterceptor = (_call, next) => next().catch(() => {});
    const failing = everyKind(() => {
      throw new RpcError(Code.NOT_FOUND, "no such thing");
    });
    const { client } = await startBy(transport, failing, { interceptors: [swallow], onError });
    const message = "an interceptor returned although next() had rejected: throw what it rejects with, or another error";
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message });
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ cause: { code: Code.NOT_FOUND } });
  },
);

test.each(everyWay)("$transport, $kind: an RpcError thrown before, after or beside next() keeps its code", async ({ transport, kind }) => {
  const onError = vi.fn();
  const failure = () => new RpcError(Code.RESOURCE_EXHAUSTED, "enough");
  const interceptors: Record<string, ServerInterceptor> = {
    before: async () => {
      throw failure();
    },
    after: async (_call, next) => {
      await next();
      throw failure();
    },
    beside: async (_call, next) => {
      void next();
      throw failure();
    },
  };
  for (const [when, interceptor] of Object.entries(interceptors)) {
    const { client } = await startBy(
      transport,
      everyKind(() => "answer"),
      { interceptors: [interceptor], onError },
    );
    expect(await failureOf(kinds[kind](client, "")), when).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message: "enough" });
  }
  expect(onError).not.toHaveBeenCalled();
});

test.each(everyWay)("$transport, $kind: a handler is aborted if its interceptor ends the call first", async ({ transport, kind }) => {
  const reasons: unknown[] = [];
  const handlers = everyKind(
    ({ signal }: Context) =>
      new Promise<string>((_, reject) =>
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        }),
      ),
  );
  let running = () => {};
  const started = new Promise<void>((resolve) => {
    running = resolve;
  });
  const impatient: ServerInterceptor = async (_call, next) => {
    void next();
    await later();
    running();
  };
  const onError = vi.fn();
  const { client } = await startBy(transport, handlers, { interceptors: [impatient], onError });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL });
  await started;
  await until(() => reasons.length === 1);
  expect(reasons).toMatchObject([{ code: Code.INTERNAL }]);
  expect(onError).toHaveBeenCalledTimes(1);
});

test.each(everyWay)(
  "$transport, $kind: next() after the interceptor has returned does not run the handler",
  async ({ transport, kind }) => {
    const handler = vi.fn(() => "");
    let late: Promise<void> | undefined;
    const interceptor: ServerInterceptor = async (_call, next) => {
      late = later().then(next);
    };
    const { client } = await startBy(transport, everyKind(handler), { interceptors: [interceptor], onError: () => {} });
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL });
    expect(await failureOf(late ?? Promise.resolve())).toMatchObject({ message: "an interceptor called next() after it had returned" });
    expect(handler).not.toHaveBeenCalled();
  },
);

test("responses sent before an interceptor returns too early arrive before the error", async () => {
  const { client } = await startBy(
    "http2",
    {
      async *serverStream() {
        for (let count = 0; count < 1_000; count++) {
          yield { count };
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
    },
    {
      interceptors: [
        async (_call, next) => {
          void next();
          await later();
        },
      ],
      onError: () => {},
    },
  );
  const counts: number[] = [];
  const read = async () => {
    for await (const { count } of client.serverStream({})) counts.push(count);
  };
  expect(await failureOf(read())).toMatchObject({ code: Code.INTERNAL });
  expect(counts.length).toBeLessThan(1_000);
  expect(counts).toEqual(counts.map((_, n) => n));
});

test("without onError, the fault is logged to the console", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const { client } = await startBy(
    "in process",
    everyKind(() => ""),
    { interceptors: [async () => {}] },
  );
  await failureOf(client.unary({}));
  expect(log).toHaveBeenCalledWith("/test.v1.TestService/Unary:", expect.objectContaining({ code: Code.INTERNAL }));
  log.mockRestore();
});
