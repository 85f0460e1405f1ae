// A handler of ours between a client and a server that are not: deadline, cancellation and metadata
// pass through it without any option.
import { Code, createChannel, createClient, type ImplementOptions, implement } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { type Begun, peers } from "../harness/hops.ts";
import { serveRpc } from "../harness/rpc-server.ts";

describe.each(peers)("$peer", ({ installed, start }) => {
  /** Starts the last hop, our handler, and a call of the first hop. */
  async function chain(timeoutMs: number, options?: ImplementOptions) {
    const stack = new AsyncDisposableStack();
    const last = stack.use(start("server"));
    await last.stdout.count(1);
    const channel = stack.adopt(createChannel(`127.0.0.1:${last.stdout.lines[0]}`), (channel) => channel.close());
    const client = createClient(TestService, channel);
    const ours = stack.use(await serveRpc([implement(TestService, { emptyCall: (request) => client.emptyCall(request) }, options)]));
    const first = stack.use(start("client", ours.address, String(timeoutMs)));
    await last.stdout.count(2);
    const begun = JSON.parse(last.stdout.lines[1] ?? "") as Begun;
    const outcome = async () => {
      await Promise.all([first.stdout.count(1), last.stdout.count(3)]);
      return { ...JSON.parse(first.stdout.lines[0] ?? ""), ...JSON.parse(last.stdout.lines[2] ?? "") } as { code: Code; ended: string };
    };
    return { first, begun, outcome, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  }

  test.runIf(installed)("the last hop has the time and the ids of the first, and a cancellation reaches it", async () => {
    await using hops = await chain(60_000);
    const { leftMs, metadata } = hops.begun;
    expect(leftMs).toBeGreaterThan(40_000);
    expect(leftMs).toBeLessThanOrEqual(60_002);
    expect(metadata).toMatchObject({ "x-request-id": "r1", baggage: "a=1" });
    expect(metadata).not.toHaveProperty("authorization");
    hops.first.stdin.write("cancel\n");
    expect(await hops.outcome()).toEqual({ code: Code.CANCELLED, ended: "context canceled" });
  });

  test.runIf(installed)("the deadline of the first hop ends the last one", async () => {
    await using hops = await chain(1_500);
    expect(hops.begun.leftMs).toBeLessThanOrEqual(1_502);
    const { code, ended } = await hops.outcome();
    expect(code).toBe(Code.DEADLINE_EXCEEDED);
    expect(ended).toMatch(/^context (canceled|deadline exceeded)$/);
  });

  test.runIf(installed)("maxTimeoutMs of our service ends both", async () => {
    await using hops = await chain(60_000, { maxTimeoutMs: 1_500 });
    expect(hops.begun.leftMs).toBeLessThanOrEqual(1_502);
    const { code, ended } = await hops.outcome();
    expect(code).toBe(Code.DEADLINE_EXCEEDED);
    expect(ended).toMatch(/^context (canceled|deadline exceeded)$/);
  });
});
