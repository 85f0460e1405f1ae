// Servers that tell clients when to retry a call.
import { describe, expect, test } from "vitest";
import { everyKind, failureOf, kindNames, kinds, startBy, startServer, TestService, transports } from "../../../test/harness.ts";
import { createChannel, createClient } from "../../index.ts";
import { Code } from "../../protocol/code.ts";
import { RpcError } from "../../protocol/error.ts";

/** A server whose first `failures` calls fail. */
async function failing(failures: number, retryAfterMs: number | false) {
  const times: number[] = [];
  const { address } = await startServer(
    everyKind(() => {
      if (times.push(performance.now()) > failures) return "answer";
      throw new RpcError(Code.UNAVAILABLE, "busy", { retryAfterMs });
    }),
  );
  return { address, times };
}

describe.each(kindNames)("retryAfterMs, %s", (kind) => {
  test("the client waits for the given milliseconds", async () => {
    const { address, times } = await failing(1, 200);
    using client = createClient(TestService, createChannel(address, { retry: { codes: ["UNAVAILABLE"], initialBackoffMs: 1 } }));
    expect(await kinds[kind](client, "request")).toMatchObject([{ text: "answer" }]);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(195);
  });

  test("false forbids a retry", async () => {
    const { address, times } = await failing(1, false);
    using client = createClient(TestService, createChannel(address, { retry: { codes: ["UNAVAILABLE"], initialBackoffMs: 1 } }));
    expect(await failureOf(kinds[kind](client, "request"))).toMatchObject({ code: Code.UNAVAILABLE, message: "busy" });
    expect(times).toHaveLength(1);
  });
});

test.each(transports)("over %s, the trailer is not visible to the client", async (transport) => {
  const { client } = await startBy(
    transport,
    everyKind(() => {
      throw new RpcError(Code.UNAVAILABLE, "busy", { retryAfterMs: 5, metadata: { "x-reason": "load" } });
    }),
  );
  const error = RpcError.from(await failureOf(client.unary({})));
  expect([...error.metadata.keys()].filter((key) => key !== "date")).toEqual(["x-reason"]);
  expect(error.retryAfterMs).toBeUndefined();
});

test.each([-1, 1.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY])("retryAfterMs: %d throws a RangeError", (retryAfterMs) => {
  expect(() => new RpcError(Code.UNAVAILABLE, "busy", { retryAfterMs })).toThrow(
    new RangeError(`retryAfterMs must be an integer from 0 to 2,147,483,647, or false, got ${retryAfterMs}`),
  );
});
