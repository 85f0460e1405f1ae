// Tests the encoder and decoder against nghttp2 (node:http2) on live connections with hand-written
// frames: each side decodes random header lists that the other one encodes.

import { once } from "node:events";
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Session, sensitiveHeaders } from "node:http2";
import { type AddressInfo, connect as connectSocket, createServer as createSocketServer, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { HeaderList } from "../headers/header-list.ts";
import { Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";

const rounds = 150;
const maxListSize = 65_536;

/** A minimal HTTP/2 connection that sends and receives header blocks. */
class RawConnection {
  readonly encoder = new Encoder();
  readonly decoder: Decoder;
  readonly #socket: Socket;
  #rest = Buffer.alloc(0);
  #preface: number;
  #waiting: { resolve: (list: HeaderList) => void; reject: (error: Error) => void } | undefined;
  #lists: HeaderList[] = [];

  constructor(socket: Socket, role: "client" | "server", tableSize: number) {
    this.#socket = socket;
    this.decoder = new Decoder({ maxTableSize: tableSize });
    this.#preface = role === "server" ? 24 : 0;
    if (role === "client") socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const settings = Buffer.from([0, 1, 0, 0, 0, 0]);
    settings.writeUInt32BE(tableSize, 2);
    this.#frame(4, 0, 0, settings);
    socket.on("data", (data) => this.#read(data));
    socket.on("error", () => {});
  }

  send(streamId: number, list: HeaderList, endStream: boolean): void {
    const out = Buffer.alloc(this.encoder.maxEncodedLength(list));
    const end = this.encoder.encode(list, out, 0);
    expect(end).toBeLessThanOrEqual(out.length);
    this.#frame(1, 4 | (endStream ? 1 : 0), streamId, out.subarray(0, end));
  }

  async receive(): Promise<HeaderList> {
    const list = this.#lists.shift();
    if (list !== undefined) return list;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const header = Buffer.alloc(9);
    header.writeUIntBE(payload.length, 0, 3);
    header[3] = type;
    header[4] = flags;
    header.writeUInt32BE(streamId, 5);
    this.#socket.write(Buffer.concat([header, payload]));
  }

  #read(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data]);
    if (this.#rest.length < this.#preface) return;
    this.#rest = this.#rest.subarray(this.#preface);
    this.#preface = 0;
    while (this.#rest.length >= 9 && this.#rest.length >= 9 + this.#rest.readUIntBE(0, 3)) {
      const length = this.#rest.readUIntBE(0, 3);
      const payload = this.#rest.subarray(9, 9 + length);
      this.#onFrame(this.#rest[3] as number, this.#rest[4] as number, payload);
      this.#rest = this.#rest.subarray(9 + length);
    }
  }

  #onFrame(type: number, flags: number, payload: Buffer): void {
    if (type === 4 && (flags & 1) !== 0) this.decoder.settingsAcknowledged();
    else if (type === 4) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === 1) this.encoder.setMaxTableSize(payload.readUInt32BE(at + 2));
      }
      this.#frame(4, 1, 0, Buffer.alloc(0));
    } else if (type === 1) {
      // nghttp2 sends no padding. A request may have a priority.
      const start = (flags & 0x20) !== 0 ? 5 : 0;
      const list = this.decoder.decode(payload, start, payload.length, maxListSize);
      if (list === undefined) this.#waiting?.reject(new Error(this.decoder.fault?.reason));
      else if (this.#waiting === undefined) this.#lists.push(list);
      else this.#waiting.resolve(list);
      this.#waiting = undefined;
    }
  }
}

const token = fc.stringMatching(/^x-[a-z0-9-]{1,12}$/);
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("x-tenant", "user-agent", "accept-encoding", "grpc-timeout", "x-trace", "referer") },
  { weight: 1, arbitrary: token },
);
const octet = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0x21, max: 0x7e }) },
  { weight: 1, arbitrary: fc.integer({ min: 0xa1, max: 0xff }) },
);
const word = fc.array(octet, { minLength: 1, maxLength: 40 }).map((octets) => String.fromCharCode(...octets));
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("", "a", "application/grpc", "trailers", "gzip, deflate", "5S") },
  { weight: 3, arbitrary: word },
  { weight: 1, arbitrary: word.map((text) => text.repeat(40).slice(0, 2000)) },
);
const fields = fc.uniqueArray(fc.tuple(name, value), { maxLength: 12, selector: ([field]) => field });
const secretFields = fc.array(fc.constantFrom(["authorization", "Bearer one"], ["cookie", "a=b"]) as fc.Arbitrary<[string, string]>, {
  maxLength: 1,
});
const lists = fc.tuple(fields, secretFields).map(([plain, secret]) => [...plain, ...secret]);
const path = fc.oneof(
  fc.constantFrom("/", "/index.html", "/shop.Orders/Get"),
  fc.webPath({ size: "small" }).map((text) => `/${text}`),
);

function sample<T>(arbitrary: fc.Arbitrary<T>, seed: number): T[] {
  return fc.sample(arbitrary, { seed, numRuns: rounds });
}

function pairs(raw: readonly string[]): string[] {
  const all: string[] = [];
  for (let i = 0; i < raw.length; i += 2) if (raw[i] !== "date") all.push(`${raw[i]}=${raw[i + 1]}`);
  return all.sort();
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function nodeServer(headerTableSize: number) {
  const server = createServer({ settings: { headerTableSize } });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  const socket = connectSocket((server.address() as AddressInfo).port, "127.0.0.1");
  const [session] = (await once(server, "session")) as [ServerHttp2Session];
  cleanups.push(() => session.destroy());
  return { server, socket, session };
}

async function nodeClient(headerTableSize: number) {
  const server = createSocketServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    settings: { headerTableSize, enablePush: false },
  });
  cleanups.push(() => session.destroy());
  const [socket] = (await once(server, "connection")) as [Socket];
  return { session: session as ClientHttp2Session, socket };
}

const tableSizes: [ours: number, theirs: number][] = [
  [4096, 4096],
  [0, 0],
  [256, 200],
  [65_536, 65_536],
];

describe("nghttp2 as the oracle", () => {
  test.each(tableSizes)(
    "a client with a table of %i octets and Node's server with one of %i exchange header lists",
    async (ours, theirs) => {
      const { server, socket, session } = await nodeServer(theirs);
      const raw = new RawConnection(socket, "client", ours);
      cleanups.push(() => raw.close());
      const answers = sample(lists, 11);
      const requests = sample(fc.tuple(path, lists), 12);
      for (const [round, [target, sent]] of requests.entries()) {
        // Change the size in the middle of the connection, twice between two blocks.
        if (round === 50) session.settings({ headerTableSize: 64 });
        if (round === 50 || round === 100) session.settings({ headerTableSize: theirs });
        const list = HeaderList.request({ method: "POST", scheme: "http", path: target, authority: "localhost" }, sent);
        const arrived = once(server, "stream");
        raw.send(round * 2 + 1, list, true);
        const [stream, , , received] = await arrived;
        expect(pairs(received)).toEqual(pairs(list.flat));
        const answer = answers[round] ?? [];
        stream.respond(
          { ":status": 200 + (round % 5), ...Object.fromEntries(answer), [sensitiveHeaders]: ["x-trace"] },
          { endStream: true },
        );
        const response = await raw.receive();
        expect(pairs(response.flat)).toEqual(pairs([":status", String(200 + (round % 5)), ...answer.flat()]));
        const trace = answer.some(([field]) => field === "x-trace");
        expect(response.neverIndexed?.has("x-trace") ?? false).toBe(trace);
      }
    },
  );

  test.each(tableSizes)(
    "a server with a table of %i octets and Node's client with one of %i exchange header lists",
    async (ours, theirs) => {
      const { session, socket } = await nodeClient(theirs);
      const raw = new RawConnection(socket, "server", ours);
      cleanups.push(() => raw.close());
      const answers = sample(lists, 13);
      const requests = sample(fc.tuple(path, lists), 14);
      for (const [round, [target, sent]] of requests.entries()) {
        if (round === 50) session.settings({ headerTableSize: 64 });
        if (round === 50 || round === 100) session.settings({ headerTableSize: theirs });
        const stream = session.request(
          { ":method": "POST", ":path": target, ":authority": "a", ...Object.fromEntries(sent) },
          { endStream: true },
        );
        stream.on("error", () => {});
        const request = await raw.receive();
        expect(pairs(request.flat)).toEqual(
          pairs([":method", "POST", ":path", target, ":authority", "a", ":scheme", "http", ...sent.flat()]),
        );
        const list = HeaderList.response(200 + (round % 5), answers[round]);
        const arrived = once(stream, "response");
        raw.send(round * 2 + 1, list, true);
        const [, , received] = await arrived;
        expect(pairs(received)).toEqual(pairs(list.flat));
        stream.resume();
      }
    },
  );
});
