import { expect, test } from "vitest";
import { everyKind, everyWay, failureOf, kindNames, kinds, startBy, transports, until } from "../../test/harness.ts";
import { Code, RpcError, type ServerInterceptor } from "../index.ts";

const note =
  (log: string[], name: string): ServerInterceptor =>
  async (_call, next) => {
    log.push(`${name} in`);
    try {
      await next();
      log.push(`${name} OK`);
    } catch (error) {
      log.push(`${name} ${Code[RpcError.from(error).code]}`);
      throw error;
    }
  };

test.each(everyWay)("$transport, $kind: interceptors run in order, the first outermost", async ({ transport, kind }) => {
  const log: string[] = [];
  const { client } = await startBy(
    transport,
    everyKind(() => {
      log.push("handler");
      return "";
    }),
    { interceptors: [note(log, "a"), note(log, "b")] },
  );
  await kinds[kind](client, "");
  expect(log).toEqual(["a in", "b in", "handler", "b OK", "a OK"]);
});

test.each(everyWay)(
  "$transport, $kind: an interceptor that throws rejects the call before a request is parsed",
  async ({ transport, kind }) => {
    let handled = false;
    const seen: unknown[] = [];
    const { client } = await startBy(
      transport,
      everyKind(() => {
        handled = true;
        return "";
      }),
      {
        interceptors: [
          async (call) => {
            call.onRequest((request) => seen.push(request));
            throw new RpcError(Code.PERMISSION_DENIED, "not you");
          },
        ],
      },
    );
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.PERMISSION_DENIED, message: "not you" });
    expect(handled).toBe(false);
    expect(seen).toEqual([]);
  },
);

test.each(everyWay)("$transport, $kind: interceptors see every message, and may reject one", async ({ transport, kind }) => {
  const seen: string[] = [];
  const { client } = await startBy(
    transport,
    {
      unary: ({ text }) => ({ text: `${text}!` }),
      serverStream: ({ text }) => [{ text: `${text}!` }],
      clientStream: async (requests) => {
        let text = "";
        for await (const request of requests) text += request.text;
        return { text: `${text}!` };
      },
      async *bidiStream(requests) {
        for await (const { text } of requests) yield { text: `${text}!` };
      },
    },
    {
      interceptors: [
        async (call, next) => {
          call.onRequest((request) => {
            const { text } = request as unknown as { text: string };
            seen.push(text);
            if (text === "bad") throw new RpcError(Code.INVALID_ARGUMENT, "bad text");
          });
          call.onResponse((response) => seen.push((response as { text: string }).text));
          await next();
        },
      ],
    },
  );
  await kinds[kind](client, "good");
  expect(seen).toEqual(["good", "good!"]);
  expect(await failureOf(kinds[kind](client, "bad"))).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "bad text" });
});

test.each(everyWay)(
  "$transport, $kind: next() rejects when the caller cancels, even if the handler ignores it",
  async ({ transport, kind }) => {
    const log: string[] = [];
    const { client } = await startBy(
      transport,
      everyKind(() => new Promise<never>(() => {})),
      { interceptors: [note(log, "a")] },
    );
    const controller = new AbortController();
    const failure = failureOf(kinds[kind](client, "", { signal: controller.signal }));
    await until(() => log.length === 1);
    controller.abort();
    expect(await failure).toMatchObject({ code: Code.CANCELLED });
    await until(() => log.length === 2);
    expect(log).toEqual(["a in", "a CANCELLED"]);
  },
);

test.each(transports)("%s: an interceptor may replace an error, and add to the trailer", async (transport) => {
  const { client } = await startBy(
    transport,
    everyKind(() => {
      throw new RangeError("x");
    }),
    {
      interceptors: [
        async (call, next) => {
          try {
            await next();
          } catch (error) {
            call.trailer.set("x-was", (error as Error).name);
            throw new RpcError(Code.OUT_OF_RANGE, "out of range");
          }
        },
      ],
      onError: () => {},
    },
  );
  for (const kind of kindNames) {
    const error = await failureOf(kinds[kind](client, ""));
    expect(error).toMatchObject({ code: Code.OUT_OF_RANGE });
    expect((error as RpcError).metadata.get("x-was")).toBe("RangeError");
  }
});

test.each(transports)("%s: calling next() twice is a fault, and the handler runs once", async (transport) => {
  let runs = 0;
  const faults: unknown[] = [];
  const { client } = await startBy(
    transport,
    everyKind(() => {
      runs++;
      return "";
    }),
    {
      interceptors: [
        async (_call, next) => {
          await next();
          await next();
        },
      ],
      onError: (fault) => faults.push(fault),
    },
  );
  expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.INTERNAL });
  expect(runs).toBe(1);
  expect(faults).toMatchObject([{ message: "an interceptor called next() twice" }]);
});

test.each(everyWay)(
  "$transport, $kind: an interceptor may end a running call with its own status, and the handler is aborted",
  async ({ transport, kind }) => {
    const handling = Promise.withResolvers<AbortSignal>();
    const { client } = await startBy(
      transport,
      everyKind(async ({ signal }) => {
        handling.resolve(signal);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return "";
      }),
      {
        interceptors: [
          async (_call, next) => {
            const revoked = handling.promise.then(() => {
              throw new RpcError(Code.UNAUTHENTICATED, "no more");
            });
            await Promise.race([next(), revoked]);
          },
        ],
      },
    );
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.UNAUTHENTICATED, message: "no more" });
    const signal = await handling.promise;
    await until(() => signal.aborted);
    expect(signal.reason).toMatchObject({ code: Code.UNAUTHENTICATED });
  },
);
