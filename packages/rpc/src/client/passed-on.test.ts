// Interceptors that return what `next()` gives, and what they do beside that.
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, type Transport, until } from "../../test/harness.ts";
import { type ClientCall, type ClientInterceptor, Code, createContextKey, Metadata, RpcError } from "../index.ts";
import { testContext } from "../testing/index.ts";

const key = createContextKey<string>("key");

const handlers = everyKind(({ metadata, header }) => {
  if (metadata.has("fail")) throw new RpcError(Code.ABORTED, "no");
  header.set("x-header", "1");
  return `answer ${metadata.getAll("x-a").join(", ")}`;
});

const clientBy = async (transport: Transport, ...interceptors: readonly ClientInterceptor[]) => {
  const { client } = await startBy(transport, handlers, {}, {}, { interceptors });
  return client;
};

test.each(everyWay)("$transport, $kind: an interceptor that waits for what it has returned continues before the caller", async (way) => {
  const order: string[] = [];
  const wait = async (response: Promise<unknown>) => {
    try {
      await response;
      order.push("response");
    } catch {
      order.push("failure");
    }
  };
  const client = await clientBy(way.transport, (_call, next) => {
    const response = next();
    void wait(response);
    return response;
  });
  await kinds[way.kind](client, "").then(() => order.push("caller"));
  expect(order).toEqual(["response", "caller"]);
  order.length = 0;
  await kinds[way.kind](client, "", { metadata: { fail: "1" } }).catch(() => order.push("caller"));
  expect(order.at(-1)).toBe("caller");
});

test.each(everyWay)("$transport, $kind: what next() returns behaves as a promise", async ({ transport, kind }) => {
  const seen: unknown[] = [];
  let given: Promise<unknown> | undefined;
  const client = await clientBy(transport, (_call, next) => {
    const response = next();
    given = response;
    seen.push(response instanceof Promise, String(response));
    void response.finally(() => seen.push("finally"));
    void Promise.all([response, response]).then(([a, b]) => seen.push(a === b));
    return response;
  });
  await kinds[kind](client, "");
  await until(() => seen.length === 4);
  expect(seen).toEqual([true, "[object Promise]", "finally", true]);
  expect(await given).toMatchObject({ header: expect.any(Metadata) });
});

test.each(everyWay)("$transport, $kind: after the call, what next() gave still has the outcome", async ({ transport, kind }) => {
  let given: Promise<unknown> | undefined;
  const client = await clientBy(transport, (_call, next) => {
    given = next();
    return given as ReturnType<typeof next>;
  });
  await kinds[kind](client, "");
  expect(await given).toMatchObject({ header: expect.any(Metadata) });
  const single = kind === "unary" || kind === "clientStream";
  if (single) expect(await given).toMatchObject({ message: { text: "answer " } });
  const failure = await failureOf(kinds[kind](client, "", { metadata: { fail: "1" } }));
  expect(failure).toMatchObject({ code: Code.ABORTED });
  if (single) await expect(given).rejects.toBe(failure);
});

test.each(everyWay)("$transport, $kind: an interceptor may use the call while and after its response passes", async (way) => {
  let call: ClientCall | undefined;
  const ends: unknown[] = [];
  const client = await clientBy(way.transport, (given, next) => {
    call = given;
    return next();
  });
  const result = kinds[way.kind](client, "", { timeoutMs: 60_000 });
  call?.values.set(key, "late");
  call?.onEnd((error) => ends.push(error));
  call?.onEnd((error) => ends.push(error));
  const signal = call?.signal;
  expect(signal?.aborted).toBe(false);
  expect(call?.deadline).toBeInstanceOf(Date);
  expect(await result).toMatchObject([{ text: "answer " }]);
  await until(() => signal?.aborted === true);
  expect(ends).toEqual([undefined, undefined]);
  expect(call?.values.get(key)).toBe("late");

  const failure = await failureOf(kinds[way.kind](client, "", { metadata: { fail: "1" } }));
  call?.onEnd((error) => ends.push(error));
  expect(ends).toEqual([undefined, undefined, failure]);
  expect(call?.signal.reason).toBe(failure);
  await kinds[way.kind](client, "");
  call?.onEnd((error) => ends.push(error));
  expect(ends.at(-1)).toBeUndefined();
});

test.each(everyWay)("$transport, $kind: each next() sends the metadata as it is then", async ({ transport, kind }) => {
  const client = await clientBy(transport, (call, next) => {
    call.metadata.add("x-a", "before");
    const response = next();
    call.metadata.add("x-a", "after");
    return response;
  });
  const metadata = new Metadata({ "x-a": "caller" });
  expect(await kinds[kind](client, "", { metadata })).toMatchObject([{ text: "answer caller, before" }]);
  expect(metadata.getAll("x-a")).toEqual(["caller"]);
});

test.each(everyWay)(
  "$transport, $kind: an interceptor that returns the first response may call next() again",
  async ({ transport, kind }) => {
    const one = kind === "unary" || kind === "serverStream";
    let late: Promise<unknown> | undefined;
    const client = await clientBy(transport, (_call, next) => {
      const response = next();
      next().catch(() => {});
      setImmediate(() => {
        late = next();
        late.catch(() => {});
      });
      return response;
    });
    for (let i = 0; i < 3; i++) {
      if (one) expect(await kinds[kind](client, "")).toMatchObject([{ text: "answer " }]);
      else await kinds[kind](client, "").catch(() => {});
    }
    await until(() => late !== undefined);
    expect(await failureOf(kinds[kind](client, "", { metadata: { fail: "1" } }))).toMatchObject({ code: Code.ABORTED });
  },
);

test.each(everyWay)("$transport, $kind: an interceptor that aborts the caller's signal ends the call once", async ({ transport, kind }) => {
  for (const own of [false, true]) {
    const ends: unknown[] = [];
    const controller = new AbortController();
    const client = await clientBy(transport, (call, next) => {
      call.onEnd((error) => ends.push(error));
      const response = next();
      controller.abort();
      return own ? new Promise<never>(() => {}) : response;
    });
    const failure = await failureOf(kinds[kind](client, "", { signal: controller.signal }));
    expect(failure).toMatchObject({ code: Code.CANCELLED });
    expect(ends).toEqual([failure]);
  }
});

test.each(everyWay)("$transport, $kind: the deadline holds while an interceptor waits after an attempt that was not sent", async (way) => {
  const client = await clientBy(way.transport, (call, next) => {
    call.metadata.set("te", "cannot be sent");
    next().catch(() => {});
    return new Promise<never>(() => {});
  });
  const began = performance.now();
  const failure = await failureOf(kinds[way.kind](client, "", { timeoutMs: 50 }));
  expect(failure).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  expect(performance.now() - began).toBeGreaterThan(40);
});

test.each(everyWay)("$transport, $kind: the callbacks of the caller are called once", async ({ transport, kind }) => {
  const asItIs: ClientInterceptor = (_call, next) => next();
  const waits: ClientInterceptor = async (_call, next) => {
    const response = await next();
    await delay(1);
    return response;
  };
  for (const interceptor of [asItIs, waits]) {
    const client = await clientBy(transport, interceptor);
    const seen: unknown[] = [];
    const options = { onHeader: (header: Metadata) => seen.push(header.get("x-header")), onTrailer: () => seen.push("trailer") };
    await kinds[kind](client, "", options as object);
    expect(seen).toEqual(["1", "trailer"]);
    const fault = new Error("the callback fails");
    const throws = () => {
      throw fault;
    };
    expect(await failureOf(kinds[kind](client, "", { onHeader: throws }))).toBe(fault);
    expect(await failureOf(kinds[kind](client, "", { onTrailer: throws }))).toBe(fault);
  }
});

test.each(everyWay)("$transport, $kind: onTrailer is called once if an interceptor aborts the call that it passes on", async (way) => {
  const trailers: Metadata[] = [];
  const controller = new AbortController();
  const client = await clientBy(way.transport, async (_call, next) => {
    const response = next();
    controller.abort();
    return response;
  });
  const options = { signal: controller.signal, onTrailer: (trailer: Metadata) => void trailers.push(trailer) };
  expect(await failureOf(kinds[way.kind](client, "", options))).toMatchObject({ code: Code.CANCELLED });
  expect(trailers).toHaveLength(1);
});

test.each(everyWay)("$transport, $kind: onTrailer is called once if the outer call ends the call", async (way) => {
  const trailers: Metadata[] = [];
  const outer = testContext();
  const client = await clientBy(way.transport, async (_call, next) => {
    const response = next();
    outer.cancel();
    return response;
  });
  const options = { onTrailer: (trailer: Metadata) => void trailers.push(trailer) };
  expect(await failureOf(outer.run(() => kinds[way.kind](client, "", options)))).toMatchObject({ code: Code.CANCELLED });
  expect(trailers).toHaveLength(1);
});
