// Calls whose deadline has passed before they begin: the client sends nothing, and the server runs
// no handler.
import { expect, test } from "vitest";
import { TestService } from "../../test/gen/test_pb.js";
import { everyKind, everyWay, failureOf, kinds, startBy, startServer } from "../../test/harness.ts";
import { frame, Peer, peerServer } from "../../test/http2-peer.ts";
import { Code, createClient } from "../index.ts";

const past = [
  ["a timeout of 0", () => ({ timeoutMs: 0 })],
  ["a timeout below 0", () => ({ timeoutMs: -5 })],
  ["a deadline that has passed", () => ({ deadline: Date.now() - 1 })],
  ["a date that has passed", () => ({ deadline: new Date(0) })],
] as const;

test.each(everyWay.flatMap((each) => past.map(([name, options]) => ({ ...each, name, options }))))(
  "$transport, $kind, $name: DEADLINE_EXCEEDED, and the handler does not run",
  async ({ transport, kind, options }) => {
    let calls = 0;
    const { client } = await startBy(
      transport,
      everyKind(() => {
        calls++;
        return "";
      }),
    );
    await kinds[kind](client, "");
    expect(await failureOf(kinds[kind](client, "", options()))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    await kinds[kind](client, "");
    expect(calls).toBe(2);
  },
);

test("a call past its deadline is not sent, even if an interceptor used up its time synchronously", async () => {
  let streams = 0;
  const address = await peerServer((stream) => {
    streams++;
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "0" }, { endStream: true });
  });
  using client = createClient(TestService, address, {
    interceptors: [
      async (_call, next) => {
        for (const end = Date.now() + 30; Date.now() < end; );
        return next();
      },
    ],
  });
  expect(await failureOf(client.unary({}, { timeoutMs: 0 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  expect(await failureOf(client.unary({}, { timeoutMs: 10 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  await failureOf(client.unary({}, { timeoutMs: 10_000 }));
  expect(streams).toBe(1);
});

test.each(
  ["Unary", "ServerStream", "ClientStream", "BidiStream"].flatMap((method) =>
    ["0n", "0S", "00000000H"].map((timeout) => [method, timeout]),
  ),
)("%s with the timeout %s: neither handler nor interceptor runs", async (method, timeout) => {
  for (const interceptors of [false, true]) {
    let ran = 0;
    const { address } = await startServer(
      everyKind(() => {
        ran++;
        return "";
      }),
      {
        interceptors: interceptors
          ? [
              async (_call, next) => {
                ran++;
                return next();
              },
            ]
          : [],
      },
    );
    const peer = new Peer(address);
    const call = peer.call(method as string, { "grpc-timeout": timeout as string });
    call.stream.end(frame());
    expect(await call.status()).toBe(Code.DEADLINE_EXCEEDED);
    expect(ran).toBe(0);
    // The shortest timeout may suffice, and the connection stays open.
    const next = peer.call(method as string);
    next.stream.end(frame());
    expect(await next.status()).toBe(Code.OK);
  }
});

test.each(["Unary", "ServerStream"])(
  "%s: a request after the deadline is not handled, even if it arrives before the timer fires",
  async (method) => {
    let ran = 0;
    const { address } = await startServer(
      everyKind(() => {
        ran++;
        return "";
      }),
    );
    const peer = new Peer(address);
    const first = peer.call(method);
    first.stream.end(frame());
    expect(await first.status()).toBe(Code.OK);
    const call = peer.call(method, { "grpc-timeout": "300m" });
    call.stream.write(frame());
    // Both ends are in this process: the header arrives after some turns of the loop.
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    call.stream.end();
    // Blocks everything, including the timer.
    for (const end = performance.now() + 400; performance.now() < end; );
    expect(await call.status()).toBe(Code.DEADLINE_EXCEEDED);
    expect(ran).toBe(1);
  },
);
