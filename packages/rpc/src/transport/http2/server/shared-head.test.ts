// `ServerStream.head`: the calls that share it have the same header, connection and method.
import { expect, test } from "vitest";
import { frame } from "../../../../test/http2-peer.ts";
import { callHeaders, dataFrame, serve } from "../../../../test/served.ts";
import type { ServedMethod } from "../../server.ts";

test("calls share a head only if header, connection and method are the same", async () => {
  const served = await serve();
  const call = (peer: Awaited<ReturnType<typeof served.client>>, stream: number, header: Parameters<typeof callHeaders>[2] = {}) => {
    peer.send(callHeaders(stream, "Unary", header), dataFrame(stream, frame(Buffer.from("1")), true));
  };
  const peer = await served.client();
  for (const [n, header] of [{}, {}, { "x-user": "1" }, { "x-user": "2" }, { "x-user": "1" }].entries()) call(peer, 2 * n + 1, header);
  await peer.ping();
  const other = await served.client();
  call(other, 1);
  await other.ping();
  const heads = served.calls.map(({ stream }) => stream.head);
  expect(heads.map((head) => heads.indexOf(head))).toEqual([0, 0, 2, 3, 2, 5]);
  expect(heads.every((head) => head?.memo === undefined)).toBe(true);
});

test("a method that has been replaced shares no head with its predecessor", async () => {
  const path = "/test.v1.TestService/Found";
  const heads: unknown[] = [];
  const methodOf = (name: string): ServedMethod => ({
    path,
    requestStream: false,
    responseStream: false,
    early: false,
    open: () => {
      throw new Error("the method is not early");
    },
    answer(stream) {
      heads.push(stream.head?.memo);
      if (stream.head !== undefined) stream.head.memo = name;
      return { onMessage() {}, onHalfClose() {}, onDrain() {}, onCancel() {} };
    },
  });
  let method = methodOf("first");
  const served = await serve({}, { find: (one) => (one === path ? method : undefined) });
  const peer = await served.client();
  for (const stream of [1, 3, 5]) {
    if (stream === 5) method = methodOf("second");
    peer.send(callHeaders(stream, "Found"), dataFrame(stream, frame(Buffer.from("1")), true));
    await peer.ping();
  }
  expect(heads).toEqual([undefined, "first", undefined]);
});
