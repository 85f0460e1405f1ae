// Peers that make a server hold bytes in its output, its input and its windows.
import { describe, expect, test } from "vitest";
import { data, flag, headers, many, setting, windowUpdate } from "../raw/frames.ts";
import { request } from "../raw/hpack.ts";
import { type RawPeer, readyClient } from "../raw/peer.ts";
import { AttackedServer } from "./attacked.ts";
import { flood, stream } from "./flood.ts";

const source = (bytes: number) => request({ ":method": "GET", ":path": `/source/${bytes}` });
const hold = request({ ":path": "/hold" });
const wide = [setting.initialWindowSize, 2 ** 31 - 1] as const;
const rest = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.concurrent("a server's memory stays bounded with", { timeout: 90_000 }, () => {
  // CVE-2019-9517: wide HTTP/2 windows, and a TCP window that is closed.
  test("peers that request much and read nothing", async () => {
    await using target = await AttackedServer.start();
    const attackers: RawPeer[] = [];
    for (let count = 0; count < 10; count++) {
      const attacker = await readyClient(target.port, { settings: [wide] });
      attacker.socket.pause();
      attacker.send(windowUpdate(0, 2 ** 31 - 1 - 65_535));
      attacker.send(many(100, (index) => headers(stream(index), source(1_000_000))));
      attackers.push(attacker);
    }
    await rest(500);
    await target.serves();
    // The peers requested a gigabyte. A connection holds its output buffer and a part for each
    // stream.
    expect(await target.held()).toBeLessThan(64);
    for (const attacker of attackers) attacker[Symbol.dispose]();
    await target.unharmed();
  });

  test("consecutive calls with unread responses", async () => {
    await using target = await AttackedServer.start();
    using attacker = await readyClient(target.port, { settings: [wide] });
    attacker.socket.pause();
    attacker.send(windowUpdate(0, 2 ** 31 - 1 - 65_535));
    const block = request();
    const body = Buffer.alloc(1_000);
    const rounds = flood(attacker, 1_000, (round) =>
      many(100, (index) => {
        const id = stream(100 * round + index);
        return Buffer.concat([headers(id, block, flag.endHeaders), data(id, body, flag.endStream)]);
      }),
    );
    await Promise.race([rounds, rest(1_000)]);
    await target.serves();
    expect(await target.held()).toBeLessThan(32);
    attacker[Symbol.dispose]();
    await rounds;
    await target.unharmed();
  });

  // CVE-2019-9511: window updates of one byte.
  test("responses that are read one byte at a time, on many streams", async () => {
    await using target = await AttackedServer.start();
    using attacker = await readyClient(target.port, { settings: [[setting.initialWindowSize, 0]] });
    attacker.send(many(100, (index) => headers(stream(index), source(1_000_000))));
    const chunk = many(100, (index) => windowUpdate(stream(index), 1));
    await flood(attacker, 300, () => chunk);
    await target.serves();
    expect(await target.held()).toBeLessThan(32);
    attacker[Symbol.dispose]();
    await target.unharmed();
  });

  test("a thousand streams with windows of zero", async () => {
    await using target = await AttackedServer.start();
    using attacker = await readyClient(target.port, { settings: [[setting.initialWindowSize, 0]] });
    attacker.send(many(1_000, (index) => headers(stream(index), source(10_000_000))));
    expect(await attacker.ping(), attacker.transcript()).toBe(true);
    await target.serves();
    expect(await target.held()).toBeLessThan(48);
    attacker[Symbol.dispose]();
    await target.unharmed();
  });

  test("incomplete messages on many streams: the connection window is the limit", async () => {
    await using target = await AttackedServer.start({ connectionWindowSize: 1 << 20, maxWindowSize: 0 });
    using attacker = await readyClient(target.port);
    const window = attacker.settings.get(setting.initialWindowSize) ?? 0;
    attacker.send(many(500, (index) => headers(stream(index), hold, flag.endHeaders)));
    // The sender respects the windows of the streams and of the connection.
    let left = (1 << 20) - 20_000;
    const room = Array.from({ length: 500 }, () => window);
    for (let index = 0; left > 0; index = (index + 1) % 500) {
      const bytes = Math.min(5_000, left, room[index] ?? 0);
      attacker.send(data(stream(index), Buffer.alloc(bytes)));
      left -= bytes;
    }
    expect(await attacker.ping(), attacker.transcript()).toBe(true);
    await target.serves();
    expect(await target.held()).toBeLessThan(16);
    attacker[Symbol.dispose]();
    await target.unharmed();
  });

  test("incomplete messages in tiny frames: the overhead counts", async () => {
    await using target = await AttackedServer.start({ limits: { maxConnectionBuffer: 4 << 20, maxStreamBuffer: 2 << 20 } });
    using attacker = await readyClient(target.port);
    attacker.send(many(100, (index) => headers(stream(index), hold, flag.endHeaders)));
    // 200,000 frames of one byte are small, but a hundred times as large if each is kept as an
    // object.
    const chunk = many(1_000, (index) => data(stream(index % 100), "x"));
    await flood(attacker, 200, () => chunk);
    await target.serves();
    expect(await target.held()).toBeLessThan(96);
    attacker[Symbol.dispose]();
    await target.unharmed();
  });

  test("incomplete messages on many connections: the process limit applies", async () => {
    const budget = 8 << 20;
    await using target = await AttackedServer.start({
      initialWindowSize: 1 << 20,
      connectionWindowSize: 1 << 20,
      limits: { maxProcessBuffer: budget },
    });
    const attackers: RawPeer[] = [];
    for (let count = 0; count < 40; count++) {
      const attacker = await readyClient(target.port);
      attackers.push(attacker);
      attacker.send(headers(1, hold, flag.endHeaders));
      // The initial window of every connection (section 6.9.2), plus the increments of
      // WINDOW_UPDATE.
      attacker.send(many(4, () => data(1, Buffer.alloc(16_000))));
    }
    for (let rounds = 0; rounds < 20; rounds++) {
      for (const attacker of attackers)
        if (granted(attacker) >= 64_000 * (rounds + 2)) attacker.send(many(4, () => data(1, Buffer.alloc(16_000))));
      await rest(10);
    }
    await target.serves();
    expect(await target.held()).toBeLessThan(40 + (2 * budget) / 2 ** 20);
    for (const attacker of attackers) attacker[Symbol.dispose]();
    await target.unharmed();
  });
});

/** Returns the bytes that the connection window has allowed so far. */
const granted = ({ frames }: RawPeer): number =>
  frames.reduce((sum, { kind, stream: its, payload }) => (kind === 8 && its === 0 ? sum + payload.readUInt32BE(0) : sum), 65_535);
