// Slow peers: every phase of a connection has a time limit.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { code, flag, frame, headers, preface, settings, settingsAck, type } from "../raw/frames.ts";
import { plain, request } from "../raw/hpack.ts";
import { type RawPeer, rawClient, readyClient } from "../raw/peer.ts";
import { AttackedServer } from "./attacked.ts";

let target: AttackedServer;
beforeAll(async () => {
  target = await AttackedServer.start({
    limits: { prefaceTimeout: 700, headerBlockTimeout: 300, settingsTimeout: 1_000, writeTimeout: 500 },
  });
});
afterAll(() => target[Symbol.asyncDispose]());

/** Writes one byte at a time until all are written or the connection closes. */
async function drip({ socket }: RawPeer, bytes: Uint8Array): Promise<void> {
  for (const byte of bytes) {
    if (!socket.writable) return;
    socket.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe.concurrent("a server disconnects", () => {
  test.each([
    ["sends nothing", Buffer.alloc(0)],
    ["sends a part of the preface", preface.subarray(0, 10)],
    ["sends the preface but no SETTINGS", preface],
    ["sends a part of SETTINGS", Buffer.concat([preface, settings([4, 65_535]).subarray(0, 12)])],
  ])("a peer that %s", async (_, bytes) => {
    using peer = await rawClient(target.port, { handshake: false });
    peer.send(bytes);
    await peer.closed;
    await target.serves();
  });

  test("a preface that arrives one byte at a time", async () => {
    using peer = await rawClient(target.port, { handshake: false });
    void drip(peer, Buffer.concat([preface, settings(), settings(), settings()]));
    await peer.closed;
    expect(peer.transcript()).not.toContain("headers");
  });

  test("a peer that does not acknowledge SETTINGS: SETTINGS_TIMEOUT", async () => {
    using peer = await rawClient(target.port, { handshake: false });
    peer.send(preface, settings());
    expect(await peer.goaway()).toBe(code.settingsTimeout);
  });

  test("a peer that acknowledges SETTINGS is kept", async () => {
    using peer = await rawClient(target.port, { handshake: false });
    peer.send(preface, settings(), settingsAck);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await peer.ping(), peer.transcript()).toBe(true);
  });

  test("a header block that arrives one byte at a time", async () => {
    using peer = await readyClient(target.port);
    peer.send(headers(1, request({ ":path": "/hold" }), flag.endHeaders));
    void drip(peer, headers(3, request({}, [["x", "y".repeat(100)]])));
    await peer.goaway();
    await target.serves();
  });

  test("an endless header block, even while calls are active", async () => {
    using peer = await readyClient(target.port);
    peer.send(headers(1, request({ ":path": "/hold" }), flag.endHeaders), frame(type.headers, flag.endStream, 3, plain("x", "y")));
    await peer.goaway();
    await target.serves();
  });

  test("a peer that does not read the response", async () => {
    using peer = await readyClient(target.port, { settings: [[4, 2 ** 31 - 1]] });
    peer.socket.pause();
    const get = request({ ":method": "GET", ":path": "/source/100000000" });
    peer.send(frame(type.windowUpdate, 0, 0, Buffer.of(0x7f, 0, 0, 0)), headers(1, get), headers(3, get));
    const now = await target.process.settled(({ streams }) => streams === 2);
    expect(now.streams).toBeGreaterThanOrEqual(2);
    expect((await target.process.settled(({ streams }) => streams === 0)).streams).toBe(0);
  });
});

test("slow peers leave nothing behind", async () => {
  await target.unharmed();
});
