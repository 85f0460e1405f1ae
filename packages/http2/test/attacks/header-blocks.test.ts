// Header blocks that are too long, split into too many frames, or larger than they look.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { code, continuation, flag, frame, headers, many, type } from "../raw/frames.ts";
import { incremental, indexed, integer, plain, request } from "../raw/hpack.ts";
import { type RawPeer, readyClient } from "../raw/peer.ts";
import { AttackedServer } from "./attacked.ts";
import { disconnected, flood, stream } from "./flood.ts";

let target: AttackedServer;
beforeAll(async () => {
  target = await AttackedServer.start();
});
afterAll(() => target[Symbol.asyncDispose]());

const filler = (bytes: number) => plain("x-filler", "x".repeat(bytes));
const begin = headers(1, request(), flag.endStream);

describe.concurrent("header blocks", () => {
  test.each([
    ["of 16 KiB", continuation(1, filler(16_000), flag.none)],
    ["of a few bytes", many(200, () => continuation(1, plain("x", "y"), flag.none))],
    ["of one byte", many(200, () => continuation(1, Buffer.of(0), flag.none))],
    ["that are empty", many(200, () => continuation(1, Buffer.alloc(0), flag.none))],
  ])("CVE-2024-27983, CVE-2024-28182, CVE-2023-45288: endless CONTINUATION frames, %s", async (_, chunk) => {
    using attacker = await readyClient(target.port);
    attacker.send(begin);
    await flood(attacker, 1_000, () => chunk);
    await target.serves();
    await disconnected(attacker);
  });

  test("endless CONTINUATION frames in the trailers", async () => {
    using attacker = await readyClient(target.port);
    attacker.send(headers(1, request(), flag.endHeaders), frame(type.headers, flag.endStream, 1));
    await flood(attacker, 1_000, () => continuation(1, filler(16_000), flag.none));
    await disconnected(attacker);
    await target.serves();
  });

  // nodejs/node#39951: node:http2 aborts the process.
  test.each([0, 1, 20])(
    "a call, then an incomplete second header block with %i CONTINUATION frames, then the end of the connection",
    async (count) => {
      for (let rounds = 0; rounds < 5; rounds++) {
        using attacker = await readyClient(target.port);
        attacker.send(headers(1, request(), flag.endHeaders));
        attacker.send(frame(type.headers, flag.endStream, 1, plain("x", "y")));
        attacker.send(many(count, () => continuation(1, plain("x", "y"), flag.none)));
        if (rounds % 2 === 0) attacker.socket.end();
        else attacker.socket.resetAndDestroy();
        await attacker.closed;
      }
      await target.serves();
    },
  );

  test("a call with an endless header block, then the end of the connection", async () => {
    using attacker = await readyClient(target.port);
    attacker.send(
      begin,
      many(20, () => continuation(1, plain("x", "y"), flag.none)),
    );
    attacker.socket.destroy();
    await attacker.closed;
    await target.serves();
  });

  // CVE-2016-1544, CVE-2016-1546, CVE-2016-6581: a few bytes on the wire decode to megabytes.
  test("an HPACK bomb resets its stream, and the decoder stays in sync", async () => {
    using attacker = await readyClient(target.port);
    const bomb = Buffer.concat([request(), incremental("x-bomb", "x".repeat(4_000)), many(12_000, () => indexed(62))]);
    attacker.send(headers(1, bomb));
    expect(await wasRejected(attacker, 1), attacker.transcript()).toBe(true);
    attacker.send(headers(3, Buffer.concat([request(), indexed(62)])));
    await attacker.streamEnd(3);
    expect(attacker.reset(3), attacker.transcript()).toBeUndefined();
  });

  test("consecutive HPACK bombs", async () => {
    using attacker = await readyClient(target.port);
    const bomb = Buffer.concat([request(), incremental("x-bomb", "x".repeat(4_000)), many(12_000, () => indexed(62))]);
    await flood(attacker, 300, (round) => headers(stream(round), bomb));
    await target.serves();
    expect(await target.held()).toBeLessThan(32);
  });

  test("HPACK bombs in many CONTINUATION frames", async () => {
    using attacker = await readyClient(target.port);
    attacker.send(frame(type.headers, flag.endStream, 1, Buffer.concat([request(), incremental("x-bomb", "x".repeat(4_000))])));
    const part = many(16_000, () => indexed(62));
    await flood(attacker, 1_000, () => continuation(1, part, flag.none));
    await disconnected(attacker);
    await target.serves();
  });

  // CVE-2019-9516: empty headers that a decoder keeps.
  test("fields without a name and a value", async () => {
    using attacker = await readyClient(target.port);
    const nothing = Buffer.concat([request(), many(5_000, () => incremental("", ""))]);
    await flood(attacker, 2_000, (round) => headers(stream(round), nothing));
    await disconnected(attacker);
    await target.serves();
    expect(await target.held()).toBeLessThan(32);
  });

  test("a field whose length is 2^31 or more", async () => {
    for (const length of [2 ** 31, 2 ** 32 + 1, 2 ** 53]) {
      using attacker = await readyClient(target.port);
      attacker.send(headers(1, Buffer.concat([request(), Buffer.of(0), integer(length, 7), Buffer.from("x")])));
      await disconnected(attacker, code.compressionError);
    }
    await target.serves();
  });

  test("thousands of tiny fields reset their stream", async () => {
    using attacker = await readyClient(target.port);
    attacker.send(headers(1, Buffer.concat([request(), many(3_000, () => plain("x", "y"))])));
    expect(await wasRejected(attacker, 1), attacker.transcript()).toBe(true);
    await target.serves();
  });
});

test("the header blocks leave nothing behind", async () => {
  await target.unharmed();
});

/**
 * Returns `true` if the stream ended with RST_STREAM or a 431 response while the connection
 * continues.
 */
async function wasRejected(peer: RawPeer, id: number): Promise<boolean> {
  const end = await peer.streamEnd(id);
  return end !== undefined && (await peer.ping());
}
