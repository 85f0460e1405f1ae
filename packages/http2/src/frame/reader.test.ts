import { duplexPair } from "node:stream";
import { describe, expect, test } from "vitest";
import type { StreamHandler } from "../api/connection.ts";
import { resolveConfig } from "../config.ts";
import { Http2Connection } from "../connection.ts";
import { HeaderList } from "../headers/header-list.ts";
import { Encoder } from "../hpack/encoder.ts";
import { clientPreface } from "./types.ts";

function frame(type: number, flags: number, id: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(id, 5);
  return Buffer.concat([header, payload]);
}

const request = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });

function requestBlock(encoder: Encoder): Buffer {
  const out = Buffer.alloc(encoder.maxEncodedLength(request));
  return out.subarray(0, encoder.encode(request, out, 0));
}

interface Seen {
  readonly bodies: Map<number, Buffer[]>;
  readonly ended: number[];
}

/** Returns a server that records what its streams receive, and the socket of its client. */
function recordingServer(): { seen: Seen; send: (chunk: Buffer) => void; connection: Http2Connection } {
  const [near, far] = duplexPair();
  near.resume();
  const seen: Seen = { bodies: new Map(), ended: [] };
  const handler: StreamHandler = {
    onData(data, endStream, stream) {
      seen.bodies.get(stream.id)?.push(data);
      stream.credit(data.length);
      if (endStream) seen.ended.push(stream.id);
    },
  };
  const config = resolveConfig("server", {}, (stream) => {
    seen.bodies.set(stream.id, []);
    return handler;
  });
  const connection = new Http2Connection(far, config, true);
  return { seen, connection, send: (chunk) => far.emit("data", chunk) };
}

const bodies = [
  Buffer.from("seven b"),
  Buffer.alloc(1024, "a"),
  Buffer.alloc(1025, "b"),
  Buffer.alloc(16_384, "c"),
  Buffer.alloc(0),
  Buffer.alloc(16_000, "d"),
];

/** Requests of each size, with and without padding. */
function conversation(): Buffer {
  const encoder = new Encoder();
  const frames = [clientPreface, frame(4, 0, 0, Buffer.alloc(0))];
  let id = 1;
  for (const body of bodies) {
    frames.push(frame(1, 4, id, requestBlock(encoder)), frame(0, 1, id, body));
    const padded = Buffer.concat([Buffer.of(200), body.subarray(0, 16_000), Buffer.alloc(200)]);
    frames.push(frame(1, 4, id + 2, requestBlock(encoder)), frame(6, 0, 0, Buffer.alloc(8)), frame(0, 9, id + 2, padded));
    id += 4;
  }
  return Buffer.concat(frames);
}

function expectAll({ bodies: received, ended }: Seen): void {
  expect(ended).toEqual(bodies.flatMap((_, index) => [index * 4 + 1, index * 4 + 3]));
  for (const [index, body] of bodies.entries()) {
    expect(Buffer.concat(received.get(index * 4 + 1) ?? []).equals(body)).toBe(true);
    expect(Buffer.concat(received.get(index * 4 + 3) ?? []).equals(body.subarray(0, 16_000))).toBe(true);
  }
}

describe("frames are the same wherever the byte stream is split", () => {
  const bytes = conversation();

  test.each([1, 2, 5, 8, 9, 10, 11, 33, 1000, 1033, 1034, 1035, 16_384, 16_393, 65_536])("in chunks of %i bytes", (size) => {
    const { seen, send, connection } = recordingServer();
    for (let at = 0; at < bytes.length; at += size) send(Buffer.from(bytes.subarray(at, at + size)));
    expectAll(seen);
    connection.destroy();
  });

  test("in two chunks, split at each of the first 250 bytes and at intervals after that", () => {
    for (let at = 1; at < bytes.length; at += at < 250 ? 1 : 1999) {
      const { seen, send, connection } = recordingServer();
      send(Buffer.from(bytes.subarray(0, at)));
      send(Buffer.from(bytes.subarray(at)));
      expectAll(seen);
      connection.destroy();
    }
  });
});

test("a view of received data stays valid when later chunks arrive", () => {
  const { seen, send, connection } = recordingServer();
  const bytes = conversation();
  for (let at = 0; at < bytes.length; at += 700) {
    const chunk = Buffer.from(bytes.subarray(at, at + 700));
    send(chunk);
  }
  expectAll(seen);
  connection.destroy();
});

test("a small split DATA frame is delivered in one piece", () => {
  const { seen, send, connection } = recordingServer();
  const bytes = Buffer.concat([clientPreface, frame(4, 0, 0, Buffer.alloc(0)), frame(1, 4, 1, requestBlock(new Encoder()))]);
  const data = frame(0, 1, 1, Buffer.from("in one piece"));
  send(Buffer.concat([bytes, data.subarray(0, 12)]));
  send(Buffer.from(data.subarray(12)));
  expect(seen.bodies.get(1)?.map(String)).toEqual(["in one piece"]);
  connection.destroy();
});
