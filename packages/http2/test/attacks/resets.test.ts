// Streams that are reset immediately, by either side.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { code, data, dependency, flag, frame, headers, many, priority, rstStream, setting, type, windowUpdate } from "../raw/frames.ts";
import { request } from "../raw/hpack.ts";
import { readyClient } from "../raw/peer.ts";
import { AttackedServer } from "./attacked.ts";
import { disconnected, flood, stream } from "./flood.ts";

let target: AttackedServer;
beforeAll(async () => {
  target = await AttackedServer.start();
});
afterAll(() => target[Symbol.asyncDispose]());

const hold = request({ ":path": "/hold" });
const open = (id: number, block: Uint8Array = hold) => headers(id, block, flag.endHeaders);
const most = 2 ** 31 - 1;

/**
 * The frames for each stream in CVE-2023-44487 ("rapid reset") and CVE-2025-8671 ("MadeYouReset").
 */
const attacks: readonly (readonly [title: string, make: (id: number) => Uint8Array])[] = [
  ["CVE-2023-44487: RST_STREAM by the client", (id) => Buffer.concat([open(id), rstStream(id, code.cancel)])],
  ["CVE-2023-44487: RST_STREAM of complete requests", (id) => Buffer.concat([headers(id, hold), rstStream(id, code.cancel)])],
  ["CVE-2025-8671: a window increment of 0", (id) => Buffer.concat([open(id), windowUpdate(id, 0)])],
  ["CVE-2025-8671: a window above 2^31-1", (id) => Buffer.concat([open(id), windowUpdate(id, most), windowUpdate(id, most)])],
  ["CVE-2025-8671: DATA on a half-closed stream", (id) => Buffer.concat([headers(id, hold), data(id, "x")])],
  ["CVE-2025-8671: HEADERS on a half-closed stream", (id) => Buffer.concat([headers(id, hold), headers(id, hold)])],
  ["CVE-2025-8671: PRIORITY with a dependency on its own stream", (id) => Buffer.concat([open(id), priority(id, id)])],
  [
    "CVE-2025-8671: HEADERS with a dependency on their own stream",
    (id) => headers(id, Buffer.concat([dependency(id), hold]), flag.endHeaders | flag.priority),
  ],
  ["CVE-2025-8671: PRIORITY with a length other than 5", (id) => Buffer.concat([open(id), frame(type.priority, 0, id, Buffer.alloc(4))])],
  [
    "CVE-2025-8671: DATA beyond the content-length",
    (id) => Buffer.concat([open(id, request({ ":path": "/hold", "content-length": "1" })), data(id, "xx")]),
  ],
  ["CVE-2025-8671: trailers without END_STREAM", (id) => Buffer.concat([open(id), headers(id, Buffer.alloc(0), flag.endHeaders)])],
  ["CVE-2025-8671: malformed requests", (id) => open(id, request({ ":path": "" }))],
];

describe.concurrent("rapid resets", () => {
  test.each(attacks)("%s", async (_, make) => {
    using attacker = await readyClient(target.port);
    await flood(attacker, 500, (round) => many(100, (index) => make(stream(100 * round + index))));
    await target.serves();
    await disconnected(attacker);
  });

  test("more streams than allowed: REFUSED_STREAM first, then ENHANCE_YOUR_CALM", async () => {
    using attacker = await readyClient(target.port);
    const limit = attacker.settings.get(setting.maxConcurrentStreams) ?? Number.POSITIVE_INFINITY;
    expect(limit).toBeLessThanOrEqual(1_000);
    attacker.send(many(limit + 50, (index) => open(stream(index))));
    expect(await attacker.ping(), attacker.transcript()).toBe(true);
    const refused = attacker.frames.filter(
      ({ kind, payload }) => kind === type.rstStream && payload.readUInt32BE(0) === code.refusedStream,
    );
    expect(refused.map(({ stream }) => stream)).toEqual(Array.from({ length: 50 }, (_, index) => stream(limit + index)));
    expect(attacker.frames.filter(({ kind }) => kind === type.rstStream)).toHaveLength(50);
    await flood(attacker, 500, (round) => many(100, (index) => open(stream(limit + 50 + 100 * round + index))));
    await target.serves();
    await disconnected(attacker);
  });

  test("a reset stream no longer counts toward the limit", async () => {
    using peer = await readyClient(target.port);
    const limit = peer.settings.get(setting.maxConcurrentStreams) ?? 0;
    peer.send(many(limit, (index) => open(stream(index))));
    peer.send(many(20, (index) => rstStream(stream(index), code.cancel)));
    peer.send(many(20, (index) => open(stream(limit + index))));
    expect(await peer.ping(), peer.transcript()).toBe(true);
    expect(peer.frames.filter(({ kind }) => kind === type.rstStream)).toEqual([]);
  });
});

test("the resets leave nothing behind", async () => {
  await target.unharmed(attacks.length + 1);
});
