// A client interceptor that violates its contract must not make a call look successful.
import { expect, test } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, until } from "../../test/harness.ts";
import { type ClientCall, type ClientInterceptor, Code, type Context, RpcError } from "../index.ts";

// JavaScript, or a cast, may return anything.
const returning = (value: unknown, before: (next: () => unknown) => unknown = () => {}): ClientInterceptor =>
  (async (_call, next) => {
    before(next);
    return value;
  }) as ClientInterceptor;

const rules: readonly (readonly [rule: string, interceptor: ClientInterceptor, got: string])[] = [
  ["returns nothing", returning(undefined), "undefined"],
  ["forgets to return what next() gives", returning(undefined, (next) => void next()), "undefined"],
  ["returns another thing", returning({ text: "" }), "an object with text"],
];

const everyRule = everyWay.flatMap((one) => rules.map(([rule, interceptor, got]) => ({ ...one, rule, interceptor, got })));

test.each(everyRule)(
  "$transport, $kind: an interceptor that $rule fails the call with INTERNAL and aborts the handler",
  async ({ transport, kind, interceptor, got }) => {
    let running = 0;
    const handlers = everyKind(async ({ signal }: Context) => {
      running++;
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
        setTimeout(resolve, 100);
      });
      running--;
      return "answer";
    });
    const around: ClientInterceptor = (_call, next) => next();
    const { client } = await startBy(transport, handlers, {}, {}, { interceptors: [around, interceptor, around] });
    const shape = kind === "unary" || kind === "clientStream" ? "{ message }" : "{ messages } with an iterable";
    const message = `interceptor 2 of 3 must return a response ${shape}, got ${got}`;
    expect(await failureOf(kinds[kind](client, "", { timeoutMs: 5_000 }))).toMatchObject({ code: Code.INTERNAL, message });
    await until(() => running === 0);
  },
);

test.each(everyWay)(
  "$transport, $kind: the caller receives what an interceptor throws before, during or after next()",
  async ({ transport, kind }) => {
    const fault = new RpcError(Code.RESOURCE_EXHAUSTED, "enough");
    const interceptors: readonly ClientInterceptor[] = [
      async () => {
        throw fault;
      },
      async (_call, next) => {
        await next();
        throw fault;
      },
      async (_call, next) => {
        void next();
        throw fault;
      },
    ];
    for (const interceptor of interceptors) {
      const { client } = await startBy(
        transport,
        everyKind(() => "answer"),
        {},
        {},
        { interceptors: [interceptor] },
      );
      expect(await failureOf(kinds[kind](client, ""))).toBe(fault);
    }
  },
);

test.each(everyWay)(
  "$transport, $kind: a cancel while an interceptor works after next() ends the call with CANCELLED",
  async ({ transport, kind }) => {
    const controller = new AbortController();
    const slow: ClientInterceptor = async (_call, next) => {
      await next();
      controller.abort();
      return new Promise<never>(() => {});
    };
    const { client } = await startBy(
      transport,
      everyKind(() => "answer"),
      {},
      {},
      { interceptors: [slow] },
    );
    // The responses arrived before the cancel, and the end of the call did not.
    const failure = await failureOf(kinds[kind](client, "", { signal: controller.signal }));
    expect(failure).toMatchObject({ code: Code.CANCELLED });
  },
);

test.each(everyWay)("$transport, $kind: the call context has the documented members only", async ({ transport, kind }) => {
  const documented =
    "authority channel deadline kind metadata method onAttempt onEnd onMessageSize peer request requests signal stream toJSON values".split(
      " ",
    );
  let call: ClientCall | undefined;
  const { client } = await startBy(
    transport,
    everyKind(() => "answer"),
    {},
    {},
    {
      interceptors: [
        async (context, next) => {
          call = context;
          return next();
        },
      ],
    },
  );
  await kinds[kind](client, "", { metadata: { token: "secret" }, timeoutMs: 60_000 });
  if (call === undefined) throw new Error("no call");
  const members = [...Object.getOwnPropertyNames(call), ...Object.getOwnPropertyNames(Object.getPrototypeOf(call))];
  expect(members.filter((name) => name !== "constructor").sort()).toEqual(documented);
  for (const changes of [{ user: "me" }, { deadline: undefined }]) {
    expect(() => Object.assign(call ?? {}, changes)).toThrow(TypeError);
  }
  const text = JSON.stringify(call);
  expect(text).not.toContain("secret");
  expect(JSON.parse(text)).toMatchObject({
    method: expect.stringContaining("/test.v1.TestService/"),
    deadline: call.deadline?.toISOString(),
  });
});
