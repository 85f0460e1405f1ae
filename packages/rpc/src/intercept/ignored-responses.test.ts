// Interceptors that ignore what `next()` gives them, while the call fails.
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy } from "../../test/harness.ts";
import { Code, RpcError } from "../index.ts";
import type { AnyInterceptor } from "../testing/interceptor.ts";

const unhandled = vi.fn();
beforeEach(() => process.on("unhandledRejection", unhandled));
afterEach(() => {
  process.off("unhandledRejection", unhandled);
  unhandled.mockClear();
});

const failure = () => new RpcError(Code.ABORTED, "no");
const failing = everyKind(async () => {
  await delay(1);
  throw failure();
});

/** The `next()` of a server throws what an interceptor throws, and after the call. */
const tolerant = (next: () => unknown) => () => {
  try {
    return next();
  } catch {
    return undefined;
  }
};

type Ignore = (next: () => unknown, again: () => unknown) => unknown;

const ignores: readonly Ignore[] = [
  (next) => next(),
  (next, again) => [next(), again()],
  (next) => setTimeout(next, 1),
  (next, again) => [next(), setTimeout(again, 1)],
];

/** How an interceptor answers a call, after it has ignored what `next()` gives. */
const ways: readonly ((ignore: () => unknown, answer: () => never) => AnyInterceptor)[] = [
  (ignore, answer) => () => {
    ignore();
    return answer();
  },
  (ignore, answer) => () => {
    ignore();
    return delay(4).then(answer);
  },
  (ignore, answer) => async () => {
    ignore();
    await delay(4);
    return answer();
  },
];

const inside: Record<string, readonly AnyInterceptor[]> = {
  nothing: [],
  "an interceptor that returns what next() gives": [(_call, next) => next() as never],
  "an async interceptor": [async (_call, next) => await next()],
  "an interceptor that throws": [
    () => {
      throw failure();
    },
  ],
  "an interceptor that rejects": [() => delay(1).then(() => Promise.reject(failure()))],
};

const cases = everyWay.flatMap((way) =>
  (["server", "client"] as const).flatMap((side) =>
    Object.keys(inside).flatMap((what) => [true, false].map((throws) => ({ ...way, side, what, throws }))),
  ),
);

test.each(cases)(
  "$transport, $kind, on the $side, around $what: a failure that an interceptor ignores ends no process (throws: $throws)",
  async ({ transport, kind, side, what, throws }) => {
    const single = kind === "unary" || kind === "clientStream";
    const answer = (): never => {
      if (throws) throw new RpcError(Code.DATA_LOSS, "own");
      return (single ? { message: { text: "own" } } : { messages: [{ text: "own" }] }) as never;
    };
    const run = async (ignore: Ignore, way: (typeof ways)[number]) => {
      const interceptor: AnyInterceptor = (call, next) => {
        const again = () => next(call.requests && { requests: [] });
        return way(() => ignore(tolerant(next), tolerant(again)), answer)(call, next);
      };
      const interceptors = [interceptor, ...(inside[what] ?? [])];
      const onServer = side === "server" ? { interceptors, onError: () => {} } : { onError: () => {} };
      const { client } = await startBy(transport, failing, onServer, {}, side === "client" ? { interceptors } : {});
      if (throws) expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.DATA_LOSS });
      else expect(await kinds[kind](client, "")).toMatchObject([{ text: "own" }]);
    };
    await Promise.all(ignores.flatMap((ignore) => ways.map((way) => run(ignore, way))));
    await delay(5);
    expect(unhandled).not.toHaveBeenCalled();
  },
);
