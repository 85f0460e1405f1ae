// Floods of frames that are valid one by one. The attacker is disconnected with ENHANCE_YOUR_CALM,
// and other peers are still served.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { data, flag, frame, headers, many, ping, priority, setting, settings, type, windowUpdate } from "../raw/frames.ts";
import { request } from "../raw/hpack.ts";
import { readyClient } from "../raw/peer.ts";
import { AttackedServer } from "./attacked.ts";
import { disconnected, flood, stream } from "./flood.ts";

let target: AttackedServer;
beforeAll(async () => {
  target = await AttackedServer.start();
});
afterAll(() => target[Symbol.asyncDispose]());

const open = headers(1, request(), flag.endHeaders);

/** Each flood is a chunk of 1,000 frames, sent on a connection with stream 1 open. */
const floods: readonly (readonly [title: string, chunk: Uint8Array])[] = [
  ["CVE-2019-9512: PING", many(1_000, () => ping("flood"))],
  [
    "CVE-2019-9513: PRIORITY that reorders the stream tree",
    many(1_000, (index) => priority(stream(index % 100), stream((index + 7) % 50) + 1)),
  ],
  ["CVE-2019-9515: empty SETTINGS", many(1_000, () => settings())],
  ["CVE-2019-9515: SETTINGS that change windows", many(1_000, (index) => settings([setting.initialWindowSize, index]))],
  ["CVE-2019-9518: empty DATA", many(1_000, () => data(1, ""))],
  ["CVE-2019-9518: DATA of padding only", many(1_000, () => data(1, Buffer.of(0), flag.padded))],
  ["WINDOW_UPDATE of the connection", many(1_000, () => windowUpdate(0, 1))],
  ["WINDOW_UPDATE of a stream", many(1_000, () => windowUpdate(1, 1))],
  ["frames of unknown types", many(1_000, (index) => frame(0x20 + (index % 100), 0, 0))],
  ["frames of unknown types on streams", many(1_000, (index) => frame(0xf0, 0, stream(index)))],
  [
    "SETTINGS that shrink and grow the header table",
    many(1_000, (index) => settings([setting.headerTableSize, index % 2 === 0 ? 0 : 4_096], [setting.headerTableSize, 2 ** 31])),
  ],
];

describe.concurrent("a flood of", () => {
  test.each(floods)("%s", async (_, chunk) => {
    using attacker = await readyClient(target.port);
    attacker.send(open);
    await flood(attacker, 100, () => chunk);
    await target.serves();
    await disconnected(attacker);
  });

  test("SETTINGS with 2,730 entries each", async () => {
    using attacker = await readyClient(target.port);
    const entries = Array.from({ length: 2_730 }, (_, index) => [setting.initialWindowSize, index] as const);
    const chunk = settings(...entries);
    await flood(attacker, 1_000, () => chunk);
    await target.serves();
    await disconnected(attacker);
  });

  test("unsolicited SETTINGS acknowledgements: ignored or disconnected", async () => {
    using attacker = await readyClient(target.port);
    await flood(attacker, 20, () => many(1_000, () => frame(type.settings, flag.ack, 0)));
    await target.serves();
  });

  test("CVE-2019-9514: requests that are answered by RST_STREAM", async () => {
    using attacker = await readyClient(target.port);
    const malformed = request({ ":path": undefined });
    await flood(attacker, 200, (round) => many(100, (index) => headers(stream(100 * round + index), malformed)));
    await target.serves();
    await disconnected(attacker);
  });

  test("CVE-2019-9512 from a peer that does not read the replies", async () => {
    using attacker = await readyClient(target.port);
    attacker.socket.pause();
    const chunk = many(1_000, () => ping("flood"));
    await flood(attacker, 2_000, () => chunk);
    await target.serves();
  });
});

test("the floods leave nothing behind", async () => {
  // The attackers are the floods above, the SETTINGS with many entries, the requests that are
  // answered by RST_STREAM, and the peer that does not read.
  await target.unharmed(floods.length + 3);
});

describe("an honest peer", () => {
  test("may send ten PINGs, PRIORITY for each of a hundred calls, small uploads and window updates", async () => {
    using peer = await readyClient(target.port);
    for (let index = 0; index < 100; index++) {
      const id = stream(index);
      peer.send(
        priority(id, 0),
        headers(id, request(), flag.endHeaders),
        windowUpdate(id, 10),
        data(id, "x"),
        data(id, "", flag.endStream),
      );
    }
    for (let index = 0; index < 10; index++) expect(await peer.ping(`ping ${index}`), peer.transcript()).toBe(true);
    expect(peer.frames.filter(({ kind, flags }) => kind === type.data && (flags & flag.endStream) !== 0)).toHaveLength(100);
  });
});
