// Tests each limit: the allowed number passes, one more fails. A rate allows a burst of twice its
// number.
import { describe, expect, test } from "vitest";
import { Decoder } from "../../src/hpack/decoder.ts";
import { createServer, HeaderList, type Limits, type Stream } from "../../src/index.ts";
import { echoServer } from "../echo.ts";
import {
  code,
  continuation,
  data,
  flag,
  frame,
  headers,
  many,
  ping,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from "../raw/frames.ts";
import { plain, request, tableSize } from "../raw/hpack.ts";
import { type RawPeer, readyClient } from "../raw/peer.ts";

const open = (stream: number, fields: Uint8Array = request()) => headers(stream, fields, flag.endHeaders);
const id = (index: number) => 2 * index + 1;
/** A field of `bytes` bytes on the wire. Its length takes two bytes up to 254. */
const field = (bytes: number) => plain("x", "y".repeat(bytes - (bytes > 131 ? 5 : 4)));
const block = (bytes: number) => Buffer.concat([request(), field(bytes - request().length)]);

interface LimitCase {
  readonly limits: Partial<Limits>;
  readonly allowed: Uint8Array;
  /** The frames that exceed the limit, after the allowed ones. */
  readonly more: Uint8Array;
  /** The expected connection error. */
  readonly error: number;
}

/** The cost of the handshake: one SETTINGS frame. */
const handshake = 1;

const cases: readonly LimitCase[] = [
  {
    limits: { maxFrameSize: 20_000 },
    allowed: Buffer.concat([open(1), data(1, Buffer.alloc(20_000))]),
    more: data(1, Buffer.alloc(20_001)),
    error: code.frameSizeError,
  },
  {
    limits: { maxHeaderBlockSize: 200 },
    allowed: Buffer.concat([headers(1, block(200).subarray(0, 90), flag.none), continuation(1, block(200).subarray(90))]),
    more: Buffer.concat([headers(3, block(201).subarray(0, 90), flag.none), continuation(3, block(201).subarray(90))]),
    error: code.enhanceYourCalm,
  },
  { limits: { maxHeaderBlockSize: 200 }, allowed: open(1, block(200)), more: open(3, block(201)), error: code.enhanceYourCalm },
  {
    limits: { maxContinuations: 3 },
    allowed: Buffer.concat([
      headers(1, request(), flag.none),
      many(2, () => continuation(1, plain("x", "y"), flag.none)),
      continuation(1, plain("x", "y")),
    ]),
    more: Buffer.concat([headers(3, request(), flag.none), many(4, () => continuation(3, plain("x", "y"), flag.none))]),
    error: code.enhanceYourCalm,
  },
  {
    limits: { headerTableSize: 1_000 },
    allowed: open(1, Buffer.concat([tableSize(1_000), request()])),
    more: open(3, Buffer.concat([tableSize(1_001), request()])),
    error: code.compressionError,
  },
  {
    limits: { maxConcurrentStreams: 1, refusedStreamRate: 5 },
    allowed: many(11, (index) => open(id(index))),
    more: open(id(11)),
    error: code.enhanceYourCalm,
  },
  {
    limits: { resetRate: 5 },
    allowed: many(10, (index) => Buffer.concat([open(id(index)), rstStream(id(index), code.cancel)])),
    more: Buffer.concat([open(id(10)), rstStream(id(10), code.cancel)]),
    error: code.enhanceYourCalm,
  },
  {
    limits: { streamErrorRate: 5 },
    allowed: many(10, (index) => Buffer.concat([open(id(index)), windowUpdate(id(index), 0)])),
    more: Buffer.concat([open(id(10)), windowUpdate(id(10), 0)]),
    error: code.enhanceYourCalm,
  },
  {
    limits: { streamErrorRate: 5 },
    allowed: many(10, (index) => open(id(index), request({ ":path": "" }))),
    more: open(id(10), request({ ":path": "" })),
    error: code.enhanceYourCalm,
  },
  { limits: { pingRate: 5 }, allowed: many(9, () => ping()), more: many(2, () => ping()), error: code.enhanceYourCalm },
  { limits: { settingsRate: 5 }, allowed: many(10 - handshake, () => settings()), more: settings(), error: code.enhanceYourCalm },
  {
    limits: { emptyFrameRate: 5 },
    allowed: Buffer.concat([open(1), many(10, () => data(1, ""))]),
    more: data(1, ""),
    error: code.enhanceYourCalm,
  },
  {
    limits: { emptyFrameRate: 5 },
    allowed: Buffer.concat([
      headers(1, request(), flag.none),
      many(10, () => continuation(1, Buffer.alloc(0), flag.none)),
      continuation(1, plain("x", "y")),
    ]),
    more: Buffer.concat([headers(3, request(), flag.none), continuation(3, Buffer.alloc(0))]),
    error: code.enhanceYourCalm,
  },
  { limits: { windowUpdateRate: 5 }, allowed: many(10, () => windowUpdate(0, 1)), more: windowUpdate(0, 1), error: code.enhanceYourCalm },
  { limits: { ignoredFrameRate: 5 }, allowed: many(10, () => frame(0x77, 0, 0)), more: frame(0x77, 0, 0), error: code.enhanceYourCalm },
];

describe.concurrent("a server", () => {
  test("resetRate: each completed stream earns a reset, and resetBurst limits the burst", async () => {
    const limits = { resetRate: 1, resetBurst: 5 };
    await using server = await echoServer({ limits });
    const reset = (index: number) => Buffer.concat([open(id(index)), rstStream(id(index), code.cancel)]);
    using peer = await readyClient(server.port);
    peer.send(many(40, (index) => headers(id(index), request())));
    await peer.streamEnd(id(39));
    peer.send(many(45, (index) => reset(40 + index)));
    expect(await peer.ping(), peer.transcript()).toBe(true);
    using other = await readyClient(server.port);
    other.send(many(7, reset));
    expect(await other.goaway(), other.transcript()).toBe(code.enhanceYourCalm);
  });

  test("tooLarge is the response to a request whose header list is too large", async () => {
    const tooLarge = HeaderList.response(431, [["x-limit", "100"]]);
    const server = createServer({ limits: { maxHeaderListSize: 100 }, tooLarge, onStream: () => ({}) });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using peer = await readyClient(port);
    peer.send(headers(1, request({ ":path": "/".padEnd(200, "x") })));
    const answer = await peer.next(({ kind, stream }) => kind === type.headers && stream === 1, "a response");
    expect(
      new Decoder({ maxTableSize: 4096 }).decode(answer?.payload ?? Buffer.alloc(0), 0, answer?.payload.length ?? 0, 1000)?.flat,
    ).toEqual(tooLarge.flat);
    expect(() => createServer({ tooLarge: HeaderList.trailers([]), onStream: () => ({}) })).toThrow("needs :status");
    server.destroy();
  });

  test.each(cases)("$limits", async ({ limits, allowed, more, error }) => {
    await using server = await echoServer({ limits });
    using peer = await readyClient(server.port);
    const whole = Buffer.concat([allowed, more]);
    // Write once, so that no time passes in between.
    peer.send(whole);
    expect(await peer.goaway(), peer.transcript()).toBe(error);
    using other = await readyClient(server.port);
    other.send(allowed);
    expect(await other.ping(), other.transcript()).toBe(true);
    expect(other.frames.filter(({ kind }) => kind === type.goaway)).toEqual([]);
  });

  test("maxHeaderListSize: a larger list only fails its stream", async () => {
    await using server = await echoServer({ limits: { maxHeaderListSize: 500 } });
    using peer = await readyClient(server.port);
    expect(peer.settings.get(setting.maxHeaderListSize)).toBe(500);
    // Each field costs 32 bytes in addition to its name and value (section 6.5.2).
    const base = 4 * 32 + ":method:scheme:path:authority".length + "POSThttp/echolocalhost".length;
    const list = (size: number) => Buffer.concat([request(), plain("x", "y".repeat(size - base - 33))]);
    peer.send(headers(1, list(500)), headers(3, list(501)), headers(5, request()));
    for (const stream of [1, 3, 5]) await peer.streamEnd(stream);
    const bodies = [1, 3, 5].map((stream) => peer.frames.filter((one) => one.kind === type.data && one.stream === stream).length);
    expect(bodies).toEqual([1, 0, 1]);
    expect(await peer.ping()).toBe(true);
  });

  test("maxStreamBuffer: a stream that holds more is reset", async () => {
    await using server = await holdingServer({ limits: { maxStreamBuffer: 20_000 } });
    using peer = await readyClient(server.port);
    peer.send(open(1), data(1, Buffer.alloc(10_000)), data(1, Buffer.alloc(10_000)));
    expect(await peer.ping()).toBe(true);
    expect(peer.reset(1)).toBeUndefined();
    peer.send(data(1, Buffer.alloc(1)));
    expect(await peer.ping()).toBe(true);
    expect(peer.reset(1)).toBe(code.enhanceYourCalm);
  });

  test.each([
    ["maxConnectionBuffer", { maxConnectionBuffer: 40_000 }],
    ["maxProcessBuffer", { maxProcessBuffer: 40_000 }],
  ])("%s: the connection window stays closed until the handlers give credit", async (name, limits) => {
    await using server = await holdingServer({ connectionWindowSize: 65_535, maxWindowSize: 0, limits });
    using holder = await readyClient(server.port);
    holder.send(
      open(1),
      many(4, () => data(1, Buffer.alloc(15_000))),
    );
    expect(await holder.ping()).toBe(true);
    expect(granted(holder), "more would be held").toBeLessThan(40_000);
    using other = await readyClient(server.port);
    other.send(
      open(1),
      many(4, () => data(1, Buffer.alloc(15_000))),
    );
    expect(await other.ping()).toBe(true);
    if (name === "maxProcessBuffer") expect(granted(other), "another connection holds it").toBe(0);
    for (const stream of server.streams) stream.credit(60_000);
    for (const peer of [holder, other]) {
      for (let pings = 0; pings < 20 && granted(peer) < 60_000; pings++) expect(await peer.ping(`${pings}`)).toBe(true);
      expect(granted(peer)).toBe(60_000);
    }
  });

  test("maxQueuedReplies: a peer that does not read the replies is disconnected", async () => {
    await using server = await echoServer({ limits: { pingRate: 1e9, maxQueuedReplies: 1_000, maxOutputBuffer: 2 ** 30 } });
    using peer = await readyClient(server.port);
    peer.socket.pause();
    const chunk = many(10_000, () => ping());
    const [connection] = server.accepted;
    for (let rounds = 0; rounds < 2_000 && connection?.state !== "closed"; rounds++) if (!(await peer.pour(chunk))) break;
    expect(connection?.closeReason?.code).toBe(code.enhanceYourCalm);
  });
});

/** A server whose handlers keep received data and give no credit. */
async function holdingServer(options: Parameters<typeof echoServer>[0]) {
  const streams: Stream[] = [];
  const server = createServer({
    ...options,
    onStream: (stream) => {
      streams.push(stream);
      return { onData: () => {} };
    },
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return { port, streams, [Symbol.asyncDispose]: async () => server.destroy() };
}

/** Returns the bytes that WINDOW_UPDATE of the connection has granted. */
const granted = ({ frames }: RawPeer): number =>
  frames.reduce((sum, { kind, stream, payload }) => (kind === type.windowUpdate && stream === 0 ? sum + payload.readUInt32BE(0) : sum), 0);
