// Servers of this package that say when a call may be sent again.
import { describe, expect, test } from "vitest";
import { everyKind, failureOf, kindNames, kinds, startBy, startServer, TestService, transports } from "../../../test/harness.ts";
import { createChannel, createClient } from "../../index.ts";
import { Code } from "../../protocol/code.ts";
import { RpcError } from "../../protocol/error.ts";

/** A server whose calls fail until so many have come. */
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
  test("a number is how long the client waits", async () => {
    const { address, times } = await failing(1, 200);
    using client = createClient(TestService, createChannel(address, { retry: { codes: ["UNAVAILABLE"], initialBackoffMs: 1 } }));
    expect(await kinds[kind](client, "request")).toMatchObject([{ text: "answer" }]);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(195);
  });

  test("false forbids to retry", async () => {
    const { address, times } = await failing(1, false);
    using client = createClient(TestService, createChannel(address, { retry: { codes: ["UNAVAILABLE"], initialBackoffMs: 1 } }));
    expect(await failureOf(kinds[kind](client, "request"))).toMatchObject({ code: Code.UNAVAILABLE, message: "busy" });
    expect(times).toHaveLength(1);
  });
});

test.each(transports)("over %s, the client does not see the field", async (transport) => {
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

test.each([-1, 1.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY])("retryAfterMs: %d is a RangeError", (retryAfterMs) => {
  expect(() => new RpcError(Code.UNAVAILABLE, "busy", { retryAfterMs })).toThrow(
    new RangeError(`retryAfterMs must be an integer from 0 to 2,147,483,647, or false, got ${retryAfterMs}`),
  );
});
