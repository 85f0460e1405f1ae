// The client role under attack by a hostile server. The client's process survives, its memory stays
// bounded, and it reports what happened.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  code,
  continuation,
  data,
  flag,
  frame,
  goaway,
  headers,
  many,
  ping,
  priority,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from "../raw/frames.ts";
import { incremental, indexed, plain, response } from "../raw/hpack.ts";
import { type RawPeer, rawServer } from "../raw/peer.ts";
import { AttackedClient } from "./attacked.ts";
import type { Condition } from "./condition.ts";
import { disconnected, flood } from "./flood.ts";

const ok = response();
const begin = headers(1, ok, flag.endHeaders);

let target: AttackedClient;
let before: Condition;
beforeAll(async () => {
  target = new AttackedClient();
  await attacked(async (peer) => peer.socket.end());
  before = await target.process.condition();
});
afterAll(() => target[Symbol.asyncDispose]());

/** Returns the client's next report about a connection. */
type NextReport = () => Promise<string>;

/** Runs an attack on a client that has started a call. */
async function attacked(attack: (peer: RawPeer, nextReport: NextReport) => Promise<unknown>, upload = false): Promise<void> {
  await using server = await rawServer();
  const nextReport = target.connect(server.port, upload);
  const peer = await server.accept();
  await peer.next(({ kind }) => kind === type.headers, "the call");
  await attack(peer, nextReport);
}

const floods: readonly (readonly [title: string, chunk: Uint8Array])[] = [
  ["PING", many(1_000, () => ping("flood"))],
  ["SETTINGS", many(1_000, () => settings([setting.initialWindowSize, 1]))],
  ["empty DATA", Buffer.concat([many(1_000, () => data(1, ""))])],
  ["PRIORITY", many(1_000, () => priority(1, 0))],
  ["WINDOW_UPDATE", many(1_000, () => windowUpdate(0, 1))],
  ["unknown frames", many(1_000, () => frame(0x77, 0, 0))],
];

describe.concurrent("a client whose server sends", () => {
  test.each(floods)("a flood of %s", async (title, chunk) => {
    await attacked(async (peer, nextReport) => {
      if (title === "empty DATA") peer.send(begin);
      await flood(peer, 100, () => chunk);
      await disconnected(peer);
      const lines = [await nextReport(), await nextReport()];
      expect(lines).toContain(`reset ${code.enhanceYourCalm} connection`);
      expect(lines).toContain(`closed ${code.enhanceYourCalm}`);
    });
  });

  test("endless interim responses", async () => {
    await attacked(async (peer) => {
      const interim = many(1_000, () => headers(1, response({ ":status": "103" }), flag.endHeaders));
      await flood(peer, 1_000, () => interim);
      await peer.closed;
    });
  });

  test("endless CONTINUATION frames", async () => {
    await attacked(async (peer) => {
      peer.send(headers(1, ok, flag.none));
      const chunk = continuation(1, plain("x", "y".repeat(16_000)), flag.none);
      await flood(peer, 1_000, () => chunk);
      await peer.closed;
      await disconnected(peer);
    });
  });

  // nodejs/node#39951
  test.each(["end", "reset"])("a response, then an endless second header block, then the %s of the connection", async (how) => {
    await attacked(async (peer, nextReport) => {
      peer.send(
        begin,
        frame(type.headers, flag.endStream, 1, plain("x", "y")),
        many(20, () => continuation(1, plain("x", "y"), flag.none)),
      );
      if (how === "end") peer.socket.end();
      else peer.socket.resetAndDestroy();
      expect(await nextReport()).toMatch(/^(reset \d+ connection|closed \d+)$/);
    });
  });

  test("an HPACK bomb", async () => {
    await attacked(async (peer, nextReport) => {
      const bomb = Buffer.concat([ok, incremental("x-bomb", "x".repeat(4_000)), many(12_000, () => indexed(62))]);
      peer.send(headers(1, bomb));
      expect(await nextReport()).toMatch(/^reset \d+ protocol$/);
      expect(await peer.ping()).toBe(true);
      expect((await target.process.condition()).heldMib - before.heldMib).toBeLessThan(32);
    });
  });

  test("an HPACK bomb in the trailers", async () => {
    await attacked(async (peer, nextReport) => {
      const bomb = Buffer.concat([incremental("x-bomb", "x".repeat(4_000)), many(12_000, () => indexed(62))]);
      peer.send(begin, headers(1, bomb));
      expect(await nextReport()).toMatch(/^reset \d+ protocol$/);
      expect(await peer.ping()).toBe(true);
    });
  });

  test("repeated GOAWAY", async () => {
    await attacked(async (peer) => {
      await flood(peer, 50, (round) => many(1_000, () => goaway(1, round, "x".repeat(100))));
    });
  });

  test("repeated RST_STREAM for a closed stream", async () => {
    await attacked(async (peer) => {
      await flood(peer, 50, () => many(1_000, () => rstStream(1, code.cancel)));
    });
  });

  test("nothing and does not read: an upload waits", async () => {
    await attacked(async (peer) => {
      peer.send(settings([setting.initialWindowSize, 2 ** 31 - 1]), windowUpdate(0, 2 ** 31 - 1 - 65_535));
      await peer.next(({ kind }) => kind === type.data, "the upload");
      peer.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await target.process.condition()).heldMib - before.heldMib).toBeLessThan(32);
    }, true);
  });

  test("window updates of one byte: an upload waits", async () => {
    await attacked(async (peer) => {
      const chunk = many(100, () => Buffer.concat([windowUpdate(1, 1), windowUpdate(0, 1)]));
      await flood(peer, 100, () => chunk);
      expect((await target.process.condition()).heldMib - before.heldMib).toBeLessThan(32);
    }, true);
  });
});

test("the attacks leave nothing behind", async () => {
  const now = await target.process.settled(
    ({ connections, streams, sockets, timers, heldMib }) => connections + streams + sockets + timers === 0 && heldMib - before.heldMib < 12,
  );
  expect(now).toMatchObject({ connections: 0, streams: 0, sockets: 0, timers: 0, thrown: [] });
  expect(now.heldMib - before.heldMib).toBeLessThan(12);
  expect(now.calmed).toBeGreaterThanOrEqual(floods.length + 2);
});
