import { duplexPair } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { ClientConnection } from "./api/client-connection.ts";
import type { Stream, StreamHandler, StreamReset } from "./api/connection.ts";
import type { ConnectionOptions } from "./api/options.ts";
import { attachClient } from "./client.ts";
import type { Http2Connection } from "./connection.ts";
import { ErrorCode } from "./errors.ts";
import { clientPreface } from "./frame/types.ts";
import { HeaderList } from "./headers/header-list.ts";
import { createServer, type ServerOptions } from "./server.ts";

const post = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });
const ok = HeaderList.response(200);
const done = HeaderList.trailers([["x-done", "1"]]);

function pair(
  onStream: ServerOptions["onStream"],
  serverOptions: ConnectionOptions = {},
  clientOptions: ConnectionOptions = {},
): ClientConnection {
  const [near, far] = duplexPair();
  createServer({ onStream, ...serverOptions }).attach(far);
  return attachClient(near, clientOptions);
}

/** Waits until the condition holds. The engine works within turns of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 10_000; turns++) {
    if (condition()) return;
    await turn();
  }
  throw new Error("the condition does not hold in time");
}

describe("data beyond the window", () => {
  test("waits, is sent in order with its trailers, and onDrain follows", async () => {
    const received: Buffer[] = [];
    let ended = false;
    let creditor: Stream | undefined;
    let drains = 0;
    let room: boolean | undefined;
    const connection = pair(
      (stream) => {
        stream.sendHeaders(ok);
        for (let part = 0; part < 100; part++) room = stream.write(Buffer.alloc(1000, part));
        stream.sendTrailers(done);
        return { onDrain: () => drains++ };
      },
      {},
      { initialWindowSize: 5000, maxWindowSize: 0 },
    );
    await until(() => connection.settingsReceived);
    const handler: StreamHandler = {
      onData(data, _endStream, stream) {
        received.push(data);
        creditor = stream;
      },
      onTrailers() {
        ended = true;
      },
    };
    connection.request(post, handler, undefined, true);
    await until(() => received.reduce((sum, data) => sum + data.length, 0) >= 5000);
    expect(room).toBe(false);
    expect(ended).toBe(false);
    for (let round = 0; round < 1000 && !ended; round++) {
      creditor?.credit(100_000);
      await turn();
    }
    expect(ended).toBe(true);
    expect(Buffer.concat(received).equals(Buffer.concat(Array.from({ length: 100 }, (_, part) => Buffer.alloc(1000, part))))).toBe(true);
    expect(drains).toBeLessThanOrEqual(1);
    connection.destroy();
  });

  test("has its prefix before it, copied, whatever its size", async () => {
    const sizes = [0, 7, 3000, 3000, 20_000, 0, 100_000];
    const shared = new Uint8Array(5);
    const prefix = (part: number): Uint8Array => shared.fill(part + 1);
    const all = (parts: number[]): Buffer =>
      Buffer.concat(parts.flatMap((size, part) => [Buffer.alloc(5, part + 1), Buffer.alloc(size, 0x80 + part)]));
    const sent: Buffer[] = [];
    const connection = pair(
      (_stream, headers) => ({
        onData(data, endStream, stream) {
          sent.push(data);
          stream.credit(data.length);
          if (!endStream) return;
          if (headers.path === "/whole") stream.respond(ok, Buffer.alloc(7, 0x80), done, prefix(0));
          else {
            stream.sendHeaders(ok);
            for (const [part, size] of sizes.entries())
              stream.write(Buffer.alloc(size, 0x80 + part), part === sizes.length - 1, prefix(part));
          }
        },
      }),
      { initialWindowSize: 5000, maxWindowSize: 0 },
      { initialWindowSize: 5000, maxWindowSize: 0 },
    );
    await until(() => connection.settingsReceived);
    for (const [path, expected, size] of [
      ["/whole", all([7]), 0],
      ["/whole", all([7]), 20_000],
      ["/parts", all(sizes), 7],
    ] as const) {
      const received: Buffer[] = [];
      let ended = false;
      const handler: StreamHandler = {
        onData(data, endStream, stream) {
          received.push(data);
          stream.credit(data.length);
          ended = endStream;
        },
        onTrailers() {
          ended = true;
        },
      };
      sent.length = 0;
      const request = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path });
      connection.request(request, handler, Buffer.alloc(size, 0x80), false, prefix(0)).end();
      shared.fill(0);
      await until(() => ended);
      expect(Buffer.concat(received).equals(expected), path).toBe(true);
      expect(Buffer.concat(sent).equals(all([size])), path).toBe(true);
    }
    connection.destroy();
  });

  test("of one stream does not block other streams", async () => {
    const connection = pair(
      () => ({
        onData(data, endStream, stream) {
          if (stream.id === 1) return; // never credited
          stream.credit(data.length);
          if (endStream) stream.respond(ok, Buffer.from("answer"));
        },
      }),
      { initialWindowSize: 65_535, connectionWindowSize: 65_535, maxWindowSize: 0 },
    );
    await until(() => connection.settingsReceived);
    const stuck = connection.request(post, {}, Buffer.alloc(1 << 20), true);
    let answers = 0;
    const handler: StreamHandler = {
      onData(_data, endStream) {
        if (endStream) answers++;
      },
    };
    for (let count = 0; count < 20; count++) connection.request(post, handler, Buffer.alloc(50_000), true);
    await until(() => answers === 20);
    expect(stuck.queued).toBe((1 << 20) - 65_535);
    connection.destroy();
  });

  test("is limited: a handler that never stops writing loses its stream", async () => {
    let reset: StreamReset | undefined;
    const connection = pair(
      (stream) => {
        stream.sendHeaders(ok);
        while (!stream.closed) stream.write(Buffer.alloc(10_000));
        return {
          onReset: (why) => {
            reset = why;
          },
        };
      },
      { limits: { maxSendBuffer: 1_000_000 } },
    );
    let code: number | undefined;
    connection.request(post, { onReset: (why) => (code = why.code) }, undefined, true);
    await until(() => code !== undefined);
    expect(code).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(reset).toMatchObject({ source: "local", code: ErrorCode.ENHANCE_YOUR_CALM });
    connection.destroy();
  });
});

test("many small writes are sent in few frames", async () => {
  let parts = 0;
  let bytes = 0;
  const connection = pair(
    () => ({
      onData(data, endStream, stream) {
        parts++;
        bytes += data.length;
        stream.credit(data.length);
        if (endStream) stream.respond(ok);
      },
    }),
    { initialWindowSize: 1000, maxWindowSize: 0 },
  );
  await until(() => connection.settingsReceived);
  let answered = false;
  const stream = connection.request(post, {
    onHeaders() {
      answered = true;
    },
  });
  for (let count = 0; count < 10_000; count++) stream.write(Buffer.of(1));
  stream.end();
  await until(() => answered);
  expect(bytes).toBe(10_000);
  expect(parts).toBeLessThan(1100); // the first window is sent as it is written
  connection.destroy();
});

test("writes after the end have no effect", async () => {
  const outcomes: unknown[] = [];
  const connection = pair((stream) => {
    stream.respond(ok, Buffer.from("body"), done);
    outcomes.push(stream.write(Buffer.from("more")), stream.sendHeaders(ok), stream.respond(ok));
    stream.end();
    stream.sendTrailers(done);
    stream.reset();
    return {};
  });
  let body = "";
  let trailers: string | undefined;
  connection.request(
    post,
    {
      onData(data) {
        body += data;
      },
      onTrailers(list) {
        trailers = list.get("x-done");
      },
    },
    undefined,
    true,
  );
  await until(() => trailers !== undefined);
  expect([body, trailers, outcomes]).toEqual(["body", "1", [false, false, false]]);
  connection.destroy();
});

test("a stream that is reset while the connection window is closed leaves the list of waiting streams", () => {
  const [near, far] = duplexPair();
  near.resume();
  const server = createServer({
    onStream(stream) {
      stream.respond(ok, Buffer.alloc(1000));
      return {};
    },
  });
  const connection = server.attach(far) as Http2Connection;
  const send = (...frames: Buffer[]) => far.emit("data", Buffer.concat(frames));
  send(clientPreface, Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0));
  const ids = Array.from({ length: 100 }, (_, index) => 2 * index + 1);
  // GET http /: indexed fields, END_HEADERS and END_STREAM. The window of the connection has room
  // for 65 responses.
  send(...ids.map((id) => Buffer.of(0, 0, 3, 1, 5, 0, 0, 0, id, 0x82, 0x86, 0x84)));
  const waiting = () => {
    const list: number[] = [];
    for (let stream = connection.firstReady; stream !== null; stream = stream.nextReady) list.push(stream.id);
    return list;
  };
  expect(waiting()).toEqual(ids.slice(65));
  const reset = (id: number) => send(Buffer.of(0, 0, 4, 3, 0, 0, 0, 0, id, 0, 0, 0, 8));
  // The first, the last, and some in between.
  const left = ids.slice(65);
  for (const at of [0, -1, 10, 0]) {
    const [id = 0] = left.splice(at, 1);
    reset(id);
    expect(waiting()).toEqual(left);
    expect(connection.lastReady?.id).toBe(left.at(-1));
  }
  for (const id of left) reset(id);
  expect([connection.firstReady, connection.lastReady, connection.openStreams]).toEqual([null, null, 0]);
  server.destroy();
});

describe("parts that are written in one turn", () => {
  /** Returns the DATA frames that a server writes: stream, length and flags. */
  async function dataFrames(write: (stream: Stream, other: Stream) => void): Promise<string[]> {
    const [near, far] = duplexPair();
    const received: Buffer[] = [];
    near.on("data", (chunk: Buffer) => received.push(chunk));
    const streams: Stream[] = [];
    const server = createServer({
      onStream(stream) {
        stream.sendHeaders(ok);
        streams.push(stream);
        return {};
      },
    });
    server.attach(far);
    const open = (id: number) => Buffer.of(0, 0, 3, 1, 5, 0, 0, 0, id, 0x82, 0x86, 0x84);
    near.write(Buffer.concat([clientPreface, Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0), open(1), open(3)]));
    await until(() => streams.length === 2);
    await turn();
    write(streams[0] as Stream, streams[1] as Stream);
    for (let turns = 0; turns < 20; turns++) await turn();
    server.destroy();
    const bytes = Buffer.concat(received);
    const frames: string[] = [];
    for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
      if (bytes[at + 3] === 0) frames.push(`${bytes.readUInt32BE(at + 5)}: ${bytes.readUIntBE(at, 3)}${bytes[at + 4] === 1 ? " end" : ""}`);
    }
    return frames;
  }

  test("are sent in one frame with the end of the stream", async () => {
    const frames = await dataFrames((stream) => {
      for (let part = 0; part < 10; part++) stream.write(Buffer.alloc(7));
      stream.write(Buffer.alloc(1), true);
    });
    expect(frames).toEqual(["1: 71 end"]);
  });

  test("are sent in frames of at most 16,384 octets, separate for each stream and turn", async () => {
    expect(await dataFrames((stream) => [16_000, 384, 1, 20].map((length) => stream.write(Buffer.alloc(length))))).toEqual([
      "1: 16384",
      "1: 21",
    ]);
    expect(await dataFrames((stream, other) => [stream, stream, other, stream].map((each) => each.write(Buffer.alloc(5))))).toEqual([
      "1: 10",
      "3: 5",
      "1: 5",
    ]);
    const later = await dataFrames((stream) => {
      stream.write(Buffer.alloc(5));
      setImmediate(() => stream.end());
    });
    expect(later).toEqual(["1: 5", "1: 0 end"]);
  });
});
