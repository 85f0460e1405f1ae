// Flow control reaches the writer: a slow reader stops the writer (RFC 9113, section 5.2).
import { once } from "node:events";
import { connect as connectNode } from "node:http2";
import { describe, expect, test } from "vitest";
import { connect, createServer, HeaderList, type Stream, type StreamHandler } from "../../src/index.ts";
import { echoServer } from "../echo.ts";
import {
  code,
  data,
  type Frame,
  flag,
  frame,
  headers,
  many,
  padded,
  preface,
  setting,
  settings,
  settingsAck,
  type,
  windowUpdate,
} from "../raw/frames.ts";
import { request } from "../raw/hpack.ts";
import { type RawPeer, rawClient, rawServer, readyClient } from "../raw/peer.ts";
import { Recorder } from "../recorder.ts";

const post = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });
const ok = HeaderList.response(200);
const bytesOf = (peer: RawPeer, stream: number) => sum(peer.frames.filter(({ kind, stream: its }) => kind === type.data && its === stream));
const sum = (frames: readonly Frame[]) => frames.reduce((bytes, { payload }) => bytes + payload.length, 0);

describe.concurrent("a writer", () => {
  test("on a client stops at the stream window and continues after WINDOW_UPDATE", async () => {
    await using server = await rawServer({ settings: [[setting.initialWindowSize, 10_000]] });
    await using connection = await client(server.port);
    const peer = await server.accept();
    const recorder = new Recorder();
    const stream = connection.request(post, recorder);
    const drained = recorder.drained();
    expect(stream.write(Buffer.alloc(100_000))).toBe(false);
    await peer.next(({ kind }) => kind === type.data);
    expect(await peer.ping()).toBe(true);
    expect(bytesOf(peer, 1)).toBe(10_000);
    expect(stream.queued).toBeGreaterThanOrEqual(90_000);
    peer.send(windowUpdate(1, 50_000));
    expect(await peer.ping()).toBe(true);
    expect(await peer.ping()).toBe(true);
    expect(bytesOf(peer, 1)).toBe(60_000);
    // The connection window is the smaller one now: 65,535 bytes (section 6.9.2).
    peer.send(windowUpdate(1, 50_000));
    expect(await peer.ping()).toBe(true);
    expect(await peer.ping()).toBe(true);
    expect(bytesOf(peer, 1)).toBe(65_535);
    expect(recorder.calls).toEqual([]);
    peer.send(windowUpdate(0, 50_000));
    await drained;
    expect(await peer.ping()).toBe(true);
    expect(bytesOf(peer, 1)).toBe(100_000);
    expect(stream.queued).toBe(0);
  });

  test("on a server stops at the stream window, and SETTINGS changes the window during the response", async () => {
    await using server = await source(100_000);
    using peer = await readyClient(server.port, { settings: [[setting.initialWindowSize, 10_000]] });
    peer.send(headers(1, request()));
    await peer.next(({ kind }) => kind === type.data);
    expect(await peer.ping()).toBe(true);
    expect(bytesOf(peer, 1)).toBe(10_000);
    peer.send(settings([setting.initialWindowSize, 30_000]));
    expect(await peer.ping()).toBe(true);
    expect(await peer.ping()).toBe(true);
    expect(bytesOf(peer, 1)).toBe(30_000);
    // The window is negative now: the server sends nothing until it is positive again (section
    // 6.9.2).
    peer.send(settings([setting.initialWindowSize, 0]), windowUpdate(1, 29_999));
    expect(await peer.ping()).toBe(true);
    expect(bytesOf(peer, 1)).toBe(30_000);
    peer.send(windowUpdate(1, 2));
    expect(await peer.ping()).toBe(true);
    expect(await peer.ping()).toBe(true);
    expect(bytesOf(peer, 1)).toBe(30_001);
  });

  test("on a stream without a window does not block other streams", async () => {
    await using server = await source(5_000);
    using peer = await readyClient(server.port, { settings: [[setting.initialWindowSize, 0]] });
    peer.send(headers(1, request()), headers(3, request()), windowUpdate(3, 10_000));
    const end = await peer.next(({ stream, kind, flags }) => stream === 3 && kind === type.data && (flags & flag.endStream) !== 0);
    expect(end).toBeDefined();
    expect(bytesOf(peer, 3)).toBe(5_000);
    expect(bytesOf(peer, 1)).toBe(0);
  });

  test("shares the connection window with other streams", async () => {
    await using server = await source(65_535);
    using peer = await readyClient(server.port);
    peer.send(many(4, (index) => headers(2 * index + 1, request())));
    await peer.next(({ kind }) => kind === type.data);
    expect(await peer.ping()).toBe(true);
    expect(sum(peer.frames.filter(({ kind }) => kind === type.data))).toBe(65_535);
    peer.send(windowUpdate(0, 3 * 65_535));
    for (let left = 4; left > 0; left--) {
      await peer.next(({ kind, flags }) => kind === type.data && (flags & flag.endStream) !== 0, "the end of a response");
    }
    expect(sum(peer.frames.filter(({ kind }) => kind === type.data))).toBe(4 * 65_535);
  });

  test("sends frames of at most SETTINGS_MAX_FRAME_SIZE bytes", async () => {
    await using server = await source(60_000);
    using small = await readyClient(server.port);
    small.send(headers(1, request()));
    await small.streamEnd(1);
    expect(Math.max(...small.frames.map(({ payload }) => payload.length))).toBe(16_384);
    using large = await readyClient(server.port, { settings: [[setting.maxFrameSize, 50_000]] });
    large.send(headers(1, request()));
    await large.streamEnd(1);
    expect(Math.max(...large.frames.map(({ payload }) => payload.length))).toBeLessThanOrEqual(50_000);
    expect(bytesOf(large, 1)).toBe(60_000);
  });
});

describe.concurrent("a reader", () => {
  test("that gives no credit stops node's client after a window, and credit resumes it", async () => {
    let received = 0;
    let held: Stream | undefined;
    const handler: StreamHandler = {
      onData(data, endStream, stream) {
        received += data.length;
        held = stream;
        if (endStream) stream.respond(ok);
      },
    };
    const server = createServer({ onStream: () => handler, initialWindowSize: 100_000, maxWindowSize: 0 });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    const session = connectNode(`http://127.0.0.1:${port}`);
    const upload = session.request({ ":method": "POST" });
    upload.end(Buffer.alloc(1_000_000));
    await waitFor(() => received === 100_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).toBe(100_000);
    held?.credit(50_000);
    await waitFor(() => received === 150_000);
    const credit = setInterval(() => held?.credit(Math.min(100_000, 1_000_000 - received)), 1);
    await once(upload, "response");
    clearInterval(credit);
    expect(received).toBe(1_000_000);
    session.destroy();
    server.destroy();
  });

  test("on a client that gives no credit also stops an echo on node's server", async () => {
    await using server = await echoServer();
    await using connection = await client(server.port, { initialWindowSize: 65_535, maxWindowSize: 0 });
    const recorder = new Recorder(false);
    const stream = connection.request(post, recorder);
    let written = 0;
    const part = Buffer.alloc(16_384);
    const write = () => {
      while (!stream.closed && written < 64 << 20) {
        written += part.length;
        if (!stream.write(part)) {
          void recorder.drained().then(write);
          return;
        }
      }
    };
    write();
    let last = -1;
    while (last !== written) {
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    // One window each for the response and the request, plus the output buffers of both sides.
    expect(recorder.bytes).toBe(65_535);
    expect(written).toBeLessThan(4 << 20);
  });

  test("of a stream without credit does not block other streams of its connection", async () => {
    const hold: StreamHandler = {};
    const server = createServer({
      onStream: (stream, { path }, endStream) => {
        if (endStream) stream.respond(ok, Buffer.from("served"));
        return path === "/hold" ? hold : {};
      },
      initialWindowSize: 65_535,
      connectionWindowSize: 1 << 20,
      maxWindowSize: 0,
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using peer = await readyClient(port);
    peer.send(
      headers(1, request({ ":path": "/hold" }), flag.endHeaders),
      many(4, () => data(1, Buffer.alloc(16_000))),
    );
    peer.send(headers(3, request()));
    expect((await peer.streamEnd(3))?.payload.toString()).toBe("served");
    server.destroy();
  });

  test("enforces a small window only after its SETTINGS are acknowledged", async () => {
    const server = createServer({
      onStream: (_stream) => ({
        onData(data, endStream, stream) {
          stream.credit(data.length);
          if (endStream) stream.respond(ok);
        },
      }),
      initialWindowSize: 1_000,
      maxWindowSize: 0,
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using peer = await rawClient(port, { handshake: false });
    // A client that has not read SETTINGS may send 65,535 bytes on a stream (section 6.9.3).
    peer.send(
      preface,
      settings(),
      headers(1, request(), flag.endHeaders),
      many(4, () => data(1, Buffer.alloc(16_000))),
    );
    expect(await peer.ping(), peer.transcript()).toBe(true);
    // The acknowledgement lowers the window from 1,535 by 64,535, which makes it negative. The
    // server opens it again up to 1,000.
    peer.send(settingsAck);
    const update = await peer.next(({ kind, stream }) => kind === type.windowUpdate && stream === 1, "WINDOW_UPDATE");
    expect(update?.payload.readUInt32BE(0)).toBe(64_000);
    peer.send(data(1, Buffer.alloc(1_000), flag.endStream), headers(3, request(), flag.endHeaders), data(3, Buffer.alloc(1_001)));
    expect(await peer.ping(), peer.transcript()).toBe(true);
    expect(peer.reset(1)).toBeUndefined();
    expect(peer.reset(3)).toBe(code.flowControlError);
    server.destroy();
  });

  test("that gives more credit than it received does not open the window further", async () => {
    const server = createServer({
      onStream: (stream) => {
        stream.credit(1 << 30);
        return { onData: (data, _end, stream) => stream.credit(data.length * 1_000) };
      },
      initialWindowSize: 65_535,
      maxWindowSize: 0,
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using peer = await readyClient(port);
    peer.send(
      headers(1, request(), flag.endHeaders),
      many(4, () => data(1, Buffer.alloc(16_000))),
    );
    expect(await peer.ping(), peer.transcript()).toBe(true);
    const given = peer.frames
      .filter(({ kind, stream }) => kind === type.windowUpdate && stream === 1)
      .reduce((total, { payload }) => total + payload.readUInt32BE(0), 0);
    expect(given).toBeLessThanOrEqual(64_000);
    server.destroy();
  });

  test("the window of a busy upload grows with the bandwidth-delay product, up to the maximum", async () => {
    await using server = await echoServer({ initialWindowSize: 65_535, connectionWindowSize: 65_535, maxWindowSize: 4 << 20 });
    const session = connectNode(`http://127.0.0.1:${server.port}`, { maxSessionMemory: 500 });
    await once(session, "connect");
    session.setLocalWindowSize(16 << 20);
    const stream = session.request({ ":method": "POST" });
    let echoed = 0;
    stream.on("data", (data: Buffer) => {
      echoed += data.length;
    });
    stream.end(Buffer.alloc(32 << 20));
    await once(stream, "close");
    expect(echoed).toBe(32 << 20);
    const window = session.state.remoteWindowSize ?? 0;
    expect(window).toBeGreaterThan(65_535);
    expect(window).toBeLessThanOrEqual(8 << 20);
    session.destroy();
  });

  test.each([
    ["gets a window of that size at once, as does the connection", {}, 400_000, 400_000],
    ["gets at most the maximum window", { maxWindowSize: 300_000 }, 400_000, 300_000],
    ["gets the first window if growth is disabled", { maxWindowSize: 0 }, 400_000, 65_535],
    ["gets the first window while the connection holds half its limit", { limits: { maxConnectionBuffer: 50_000 } }, 400_000, 65_535],
    ["gets at least the first window", {}, 30_000, 65_535],
  ])("that reports how much it awaits %s", async (_, options, awaited, window) => {
    const reads: StreamHandler = { onData: (data, _end, stream) => stream.credit(data.length, awaited) };
    const server = createServer({
      onStream: (_stream, { path }) => (path === "/hold" ? { onData() {} } : reads),
      initialWindowSize: 65_535,
      connectionWindowSize: 65_535,
      ...options,
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using peer = await readyClient(port);
    const first = 16_384;
    peer.send(
      headers(1, request({ ":path": "/hold" }), flag.endHeaders),
      many(2, () => data(1, Buffer.alloc(15_000))),
      headers(3, request(), flag.endHeaders),
      data(3, Buffer.alloc(first)),
    );
    expect(await peer.ping(), peer.transcript()).toBe(true);
    const allowed = (id: number) =>
      peer.frames.reduce((sum, { kind, stream, payload }) => (kind === 8 && stream === id ? sum + payload.readUInt32BE(0) : sum), 65_535);
    expect(allowed(3) - first).toBe(window);
    expect(allowed(1)).toBe(65_535);
    if (window > 65_535) expect(allowed(0) - first - 30_000).toBeGreaterThanOrEqual(window);
    server.destroy();
  });

  test("gets a window of four times the data that comes within a round trip", async () => {
    await using server = await echoServer({
      initialWindowSize: 65_535,
      maxWindowSize: 4 << 20,
      onStream: () => ({ onData: (data, _end, stream) => stream.credit(data.length) }),
    });
    using peer = await readyClient(server.port);
    const part = data(1, Buffer.alloc(16_000));
    peer.send(headers(1, request(), flag.endHeaders), part, part, part, part);
    const probe = await peer.next(({ kind, flags }) => kind === type.ping && (flags & flag.ack) === 0, "the probe");
    expect(await peer.ping()).toBe(true);
    // The acknowledgement ends the round trip. The next credit opens the new window.
    peer.send(frame(type.ping, flag.ack, 0, probe?.payload), part);
    expect(await peer.ping("grown"), peer.transcript()).toBe(true);
    const updates = peer.frames.filter(({ kind, stream }) => kind === type.windowUpdate && stream === 1);
    const window = updates.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 65_535 - 5 * 16_000);
    // The socket may bring the first part alone: it then starts the probe without the frame headers.
    expect(window).toBeGreaterThanOrEqual(4 * 48_000);
    expect(window).toBeLessThanOrEqual(4 * 64_000);
  });

  test("makes the window of its stream grow, and unread streams keep their first window", async () => {
    const first = 65_535;
    const held = new Map<number, number>();
    const server = createServer({
      initialWindowSize: first,
      maxWindowSize: 4 << 20,
      onStream: (_, list) => ({
        onData(data, _end, stream) {
          if (list.path === "/read") stream.credit(data.length);
          else held.set(stream.id, (held.get(stream.id) ?? 0) + data.length);
        },
      }),
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    await using connection = await client(port);
    const open = (path: string) =>
      connection.request(HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path }), {}, Buffer.alloc(16 << 20));
    open("/held");
    const read = open("/read");
    await waitFor(() => read.queued === 0);
    open("/held");
    await waitFor(() => held.size === 2 && [...held.values()].every((bytes) => bytes === first));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([...held.values()]).toEqual([first, first]);
    server.destroy();
  });
});

/** A server that responds to every request with `bytes` bytes. */
async function source(bytes: number): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer({
    onStream: (stream) => {
      stream.respond(ok, Buffer.alloc(bytes));
      return {};
    },
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return { port, [Symbol.asyncDispose]: async () => server.destroy() };
}

async function client(port: number, options: object = {}) {
  const connection = await connect({ host: "127.0.0.1", port, ...options });
  return Object.assign(connection, { [Symbol.asyncDispose]: async () => connection.destroy() });
}

async function waitFor(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !holds() && Date.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(holds()).toBe(true);
}

describe("a DATA frame that is counted before the handler has consumed it", () => {
  const credited = (peer: RawPeer) =>
    peer.frames
      .filter(({ kind, stream }) => kind === type.windowUpdate && stream === 1)
      .reduce((bytes, { payload }) => bytes + payload.readUInt32BE(0), 0);

  test("opens the window for its padding only", async () => {
    await using server = await echoServer({ initialWindowSize: 20_000, maxWindowSize: 0, onStream: () => ({ onData() {} }) });
    using peer = await readyClient(server.port);
    peer.send(headers(1, request(), flag.endHeaders));
    // The padding consists of the length octet only.
    peer.send(data(1, padded(Buffer.alloc(9_000), 0), flag.padded));
    expect(await peer.ping()).toBe(true);
    expect(credited(peer)).toBe(0);
    for (let count = 0; count < 20; count++) peer.send(data(1, padded(Buffer.alloc(1), 254), flag.padded));
    expect(await peer.ping()).toBe(true);
    expect(credited(peer)).toBeGreaterThan(4_000);
    expect(credited(peer)).toBeLessThanOrEqual(20 * 255 + 1);
  });

  test("opens the window for the credited part while the rest is in transit", async () => {
    let parts = 0;
    const onData = (part: Buffer, _endStream: boolean, stream: Stream) => {
      if (parts++ === 0) stream.credit(part.length);
    };
    await using server = await echoServer({ initialWindowSize: 20_000, maxWindowSize: 0, onStream: () => ({ onData }) });
    using peer = await readyClient(server.port);
    const frame = data(1, Buffer.alloc(16_000));
    peer.send(headers(1, request(), flag.endHeaders), frame.subarray(0, 9 + 6_000));
    await peer.next(({ kind, stream }) => kind === type.windowUpdate && stream === 1, "credit");
    peer.send(frame.subarray(9 + 6_000));
    expect(await peer.ping()).toBe(true);
    expect(parts).toBe(2);
    expect(credited(peer)).toBe(6_000);
  });
});
