// A server interceptor that breaks a rule must not make a call look complete.
import { expect, test, vi } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, TestService, until } from "../../test/harness.ts";
import { type ClientInterceptor, Code, type Context, createClient, createServer, RpcError, type ServerInterceptor } from "../index.ts";

const later = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

// JavaScript, or a cast, may return anything.
const returning = (value: unknown, before: (next: () => unknown) => unknown = () => {}): ServerInterceptor =>
  (async (_call, next) => {
    await before(next);
    return value;
  }) as ServerInterceptor;

const rules: readonly (readonly [rule: string, interceptor: ServerInterceptor, got: string])[] = [
  ["returns nothing", returning(undefined), "undefined"],
  ["forgets to return what next() gives", returning(undefined, (next) => void next()), "undefined"],
  ["returns another thing", returning("an answer"), "'an answer'"],
  ["returns an object that is not a response", returning({ text: "an answer" }), "an object with text"],
  ["returns a message that is not one", returning({ message: 1, messages: 1 }), "an object with message, messages"],
];

const inOrOut = everyWay.flatMap((one) => rules.map(([rule, interceptor, got]) => ({ ...one, rule, interceptor, got })));

test.each(inOrOut)(
  "$transport, $kind: an interceptor that $rule ends the call with INTERNAL, and is reported once",
  async ({ transport, kind, interceptor, got }) => {
    const onError = vi.fn();
    const around: ServerInterceptor = (_call, next) => next();
    const handlers = everyKind(async () => {
      await later();
      return "answer";
    });
    const { client } = await startBy(transport, handlers, { interceptors: [around, interceptor, around], onError });
    const shape = kind === "unary" || kind === "clientStream" ? "{ message }" : "{ messages } with an iterable";
    const message = `interceptor 2 of 3 must return a response ${shape}, got ${got}`;
    expect(await failureOf(kinds[kind](client, "", { timeoutMs: 5_000 }))).toMatchObject({ code: Code.INTERNAL, message });
    await later();
    expect(onError.mock.calls).toEqual([[expect.objectContaining({ message }), expect.anything()]]);
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

// The handler of a stream runs when its responses are read.
const oneResponse = everyWay.filter(({ kind }) => kind === "unary" || kind === "clientStream");

test.each(oneResponse)(
  "$transport, $kind: a handler that fails after its interceptor has thrown is ignored",
  async ({ transport, kind }) => {
    let ended = false;
    const handlers = everyKind(async () => {
      await later();
      ended = true;
      throw new Error("too late");
    });
    // Vitest fails the run for a rejection that nothing handles.
    const beside: ServerInterceptor = (_call, next) => {
      next();
      throw new RpcError(Code.ABORTED, "enough");
    };
    const { client } = await startBy(transport, handlers, { interceptors: [beside], onError: () => {} });
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.ABORTED, message: "enough" });
    await until(() => ended);
  },
);

test.each(["prepare", "enabled", "unknown"])("%s of an interceptor must be a function", (member) => {
  const server = Object.assign<ServerInterceptor, object>((_call, next) => next(), { [member]: 5 });
  const client = Object.assign<ClientInterceptor, object>((_call, next) => next(), { [member]: 5 });
  const wrong = new TypeError(`interceptors[0].${member} must be a function, got 5`);
  expect(() => createServer({ interceptors: [server] })).toThrow(wrong);
  expect(() => createClient(TestService, "localhost:1", { interceptors: [client] })).toThrow(wrong);
});

test.each(oneResponse)("$transport, $kind: a handler is aborted if its interceptor ends the call first", async ({ transport, kind }) => {
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
  const impatient = returning(undefined, async (next) => {
    void next();
    await later();
    running();
  });
  const onError = vi.fn();
  const { client } = await startBy(transport, handlers, { interceptors: [impatient], onError });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL });
  await started;
  await until(() => reasons.length === 1);
  expect(reasons).toMatchObject([{ code: Code.INTERNAL }]);
  expect(onError).toHaveBeenCalledTimes(1);
});

test.each(everyWay)("$transport, $kind: next() after the end of the call does not run the handler", async ({ transport, kind }) => {
  const handler = vi.fn(() => "");
  let late: Promise<unknown> | undefined;
  const interceptor: ServerInterceptor = (_call, next) => {
    late = later().then(() => next());
    late.catch(() => {});
    throw new RpcError(Code.ABORTED, "enough");
  };
  const { client } = await startBy(transport, everyKind(handler), { interceptors: [interceptor], onError: () => {} });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.ABORTED });
  expect(await failureOf(late ?? Promise.resolve())).toMatchObject({ code: Code.ABORTED, message: "enough" });
  expect(handler).not.toHaveBeenCalled();
});

test.each(everyWay)("$transport, $kind: next() rejects a change that the method cannot have", async ({ transport, kind }) => {
  const one = kind === "unary" || kind === "serverStream";
  const wrong: ServerInterceptor = (_call, next) => next(one ? { requests: [] } : { request: {} });
  const { client } = await startBy(
    transport,
    everyKind(() => ""),
    { interceptors: [wrong], onError: () => {} },
  );
  const message = `interceptor 1 of 1 ("wrong") must pass { ${one ? "request" : "requests"} } or nothing to next(), got ${one ? "requests" : "request"}`;
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message });
});

test("without onError, the fault is logged to the console", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const { client } = await startBy(
    "in process",
    everyKind(() => ""),
    { interceptors: [returning(undefined)] },
  );
  await failureOf(client.unary({}));
  expect(log).toHaveBeenCalledWith("/test.v1.TestService/Unary:", expect.objectContaining({ code: Code.INTERNAL }));
  log.mockRestore();
});
