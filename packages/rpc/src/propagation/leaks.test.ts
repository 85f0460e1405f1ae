// Calls that end with another one leave nothing behind in it, and a call leaves nothing in what it
// has begun.
import { expect, test } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, until } from "../../test/harness.ts";
import { transports } from "../../test/transports.ts";

/** The heap in MiB after a garbage collection. */
function heapMiB(): number {
  for (let times = 0; times < 3; times++) globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

test.each(everyWay)(
  "$transport, $kind: thousands of calls inside a call that does not end leave no heap behind",
  async ({ transport, kind }) => {
    expect(globalThis.gc).toBeTypeOf("function");
    const behind = await startBy(
      transport,
      everyKind(({ metadata }) => (metadata.has("fail") ? Promise.reject(new Error("no")) : "")),
      {
        onError: () => {},
      },
    );
    const call = kinds[kind];
    let grown = Number.POSITIVE_INFINITY;
    const front = await startBy(
      transport,
      everyKind(async () => {
        const round = async (times: number) => {
          for (let i = 0; i < times; i++) {
            const cancelled = failureOf(call(behind.client, "", { signal: AbortSignal.abort() }));
            await Promise.all([call(behind.client, ""), failureOf(call(behind.client, "", { metadata: { fail: "1" } })), cancelled]);
          }
        };
        await round(100);
        const before = heapMiB();
        await round(400);
        grown = heapMiB() - before;
        return "";
      }),
    );
    await kinds[kind](front.client, "", {
      timeoutMs: 600_000,
      metadata: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
    });
    // 1,200 calls: a kilobyte of each would be more than that.
    expect(grown).toBeLessThan(1.1);
  },
);

test.each(transports)("%s: the connection that a handler has opened does not keep its call", async (transport) => {
  const behind = await startBy(
    transport,
    everyKind(() => ""),
  );
  let context: WeakRef<object> | undefined;
  const front = await startBy(
    "http2",
    everyKind(async (own) => {
      context ??= new WeakRef(own);
      await behind.client.unary({}, { timeoutMs: 60_000 });
      return "";
    }),
  );
  await front.client.unary({});
  await front.client.unary({});
  await until(() => {
    heapMiB();
    return context?.deref() === undefined;
  });
  // The connection is open.
  await behind.client.unary({});
});
