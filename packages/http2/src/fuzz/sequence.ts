// Sequences of frames: mostly what a correct peer could send, then mutated.

import { HeaderList } from "../headers/header-list.ts";
import { Encoder } from "../hpack/encoder.ts";
import { flag, frame, frameType, preface, uint32 } from "./frames.ts";
import { Random } from "./random.ts";

export interface Sequence {
  readonly seed: number;
  /** The role of the engine under test. */
  readonly role: "server" | "client";
  /** The frames that the engine receives, possibly malformed; the first one of a client is the preface. */
  readonly frames: readonly Buffer[];
  /** Whether the peer takes what the engine writes. */
  readonly reads: boolean;
}

const fields: readonly [[string, string], ...[string, string][]] = [
  ["content-type", "application/octet-stream"],
  ["te", "trailers"],
  ["x-a", "b"],
  ["authorization", "secret"],
  ["content-length", "5"],
  ["x-long", "v".repeat(300)],
  ["connection", "close"],
  ["X-Upper", "a"],
  [":path", "/"],
  ["x-control", "a\nb"],
];

/** The sequence of a seed. */
export function sequenceOf(seed: number): Sequence {
  const random = new Random(seed);
  const role = random.chance(60) ? "server" : "client";
  const frames = new Generator(random, role).frames();
  if (random.chance(65)) mutate(frames, random);
  return { seed, role, frames, reads: random.chance(92) };
}

class Generator {
  readonly #random: Random;
  readonly #role: "server" | "client";
  readonly #encoder = new Encoder();
  readonly #out = Buffer.allocUnsafe(65_536);
  /** The streams that the generator may name: those that are open, and some that are not. */
  readonly #streams: number[] = [];
  #nextStream = 1;

  constructor(random: Random, role: "server" | "client") {
    this.#random = random;
    this.#role = role;
  }

  frames(): Buffer[] {
    const random = this.#random;
    const frames: Buffer[] = [];
    if (this.#role === "server") frames.push(preface);
    else this.#streams.push(1, 3, 5);
    if (!random.chance(2)) frames.push(this.#settings());
    if (random.chance(70)) frames.push(frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)));
    const length = random.chance(5) ? random.below(200) : random.below(16);
    for (let i = 0; i < length; i++) frames.push(...this.#step());
    return frames;
  }

  #step(): Buffer[] {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 30) return this.#headers(this.#openStream(), random.chance(40));
    if (choice < 34) return this.#headers(this.#stream(), random.chance(80));
    if (choice < 58) return [this.#data()];
    if (choice < 66) return [frame(frameType.rstStream, 0, this.#stream(), uint32(random.chance(80) ? random.below(14) : random.next()))];
    if (choice < 74) return [frame(frameType.windowUpdate, 0, random.chance(50) ? 0 : this.#stream(), uint32(this.#increment()))];
    if (choice < 79) return [frame(frameType.ping, random.chance(30) ? flag.ack : 0, 0, random.bytes(8))];
    if (choice < 85) return [this.#settings()];
    if (choice < 88) return [frame(frameType.priority, 0, this.#stream(), random.bytes(5))];
    if (choice < 90)
      return [
        frame(frameType.goaway, 0, 0, Buffer.concat([uint32(random.below(9)), uint32(random.below(14)), random.bytes(random.below(20))])),
      ];
    if (choice < 93)
      return [frame(10 + random.below(246), random.below(256), random.chance(50) ? 0 : this.#stream(), random.bytes(random.below(30)))];
    if (choice < 95)
      return [frame(frameType.continuation, random.below(2) * flag.endHeaders, this.#stream(), random.bytes(random.below(10)))];
    if (choice < 97) return [frame(frameType.settings, flag.ack, 0, Buffer.alloc(0))];
    if (choice < 98)
      return [frame(frameType.pushPromise, flag.endHeaders, this.#stream(), Buffer.concat([uint32(2), Buffer.from([0x82])]))];
    return [frame(random.below(12), random.below(256), random.chance(50) ? this.#stream() : random.next(), random.bytes(random.below(60)))];
  }

  /** A stream for a new header list: a new one of a client, one that the engine opened for a server. */
  #openStream(): number {
    if (this.#role === "client") return this.#stream();
    const stream = this.#nextStream;
    this.#nextStream += 2 * (1 + (this.#random.chance(5) ? this.#random.below(3) : 0));
    this.#streams.push(stream);
    return stream;
  }

  #stream(): number {
    const random = this.#random;
    if (this.#streams.length === 0 || random.chance(4)) return random.pick([0, 1, 2, 3, 7, 0x7fffffff]);
    const recent = Math.min(this.#streams.length, 4);
    return this.#streams[this.#streams.length - 1 - random.below(recent)] as number;
  }

  #headers(stream: number, endStream: boolean): Buffer[] {
    const random = this.#random;
    const block = random.chance(4) ? random.bytes(random.below(40)) : this.#block();
    let flags = endStream ? flag.endStream : 0;
    const parts: Uint8Array[] = [];
    const padding = random.chance(10) ? random.below(20) : -1;
    if (padding >= 0) {
      flags |= flag.padded;
      parts.push(Buffer.from([padding]));
    }
    if (random.chance(10)) {
      flags |= flag.priority;
      parts.push(random.bytes(5));
    }
    // A block that is cut goes on in CONTINUATION frames.
    const cuts = random.chance(20) ? 1 + random.below(4) : 0;
    const at = Array.from({ length: cuts }, () => random.below(block.length + 1)).sort((a, b) => a - b);
    const pieces = [0, ...at].map((start, i) => block.subarray(start, at[i] ?? block.length));
    parts.push(pieces[0] as Buffer, Buffer.alloc(Math.max(0, padding)));
    const frames = [frame(frameType.headers, flags | (cuts === 0 ? flag.endHeaders : 0), stream, Buffer.concat(parts))];
    for (let i = 1; i <= cuts; i++) {
      frames.push(frame(frameType.continuation, i === cuts ? flag.endHeaders : 0, stream, pieces[i] as Buffer));
    }
    return frames;
  }

  #block(): Buffer {
    const random = this.#random;
    const flat: string[] = [];
    if (!random.chance(15)) {
      if (this.#role === "server") flat.push(":method", "POST", ":scheme", "http", ":path", random.pick(["/", "/a", "/b/c", "", "*"]));
      else flat.push(":status", random.pick(["200", "200", "200", "404", "100", "103", "101", "2x"]));
      if (this.#role === "server" && random.chance(80)) flat.push(":authority", "localhost");
    }
    // The later fields of the list are malformed, and rare.
    const reach = random.chance(90) ? 6 : fields.length;
    for (let count = random.below(4); count > 0; count--) flat.push(...(fields[random.below(reach)] as [string, string]));
    if (random.chance(2)) flat.push("x-huge", "h".repeat(random.below(40_000)));
    const end = this.#encoder.encode(new HeaderList(flat), this.#out, 0);
    return Buffer.from(this.#out.subarray(0, end));
  }

  #data(): Buffer {
    const random = this.#random;
    const length = random.pick([0, 1, 5, 5, 30, 200, 200, 2000, 16_384, 17_000]);
    const body = Buffer.alloc(random.chance(85) ? Math.min(length, 200) : length, 0x61);
    const endStream = random.chance(30) ? flag.endStream : 0;
    if (!random.chance(10)) return frame(frameType.data, endStream, this.#stream(), body);
    const padding = random.below(256);
    const payload = Buffer.concat([Buffer.from([padding]), body, Buffer.alloc(padding)]);
    return frame(frameType.data, endStream | flag.padded, this.#stream(), payload);
  }

  #settings(): Buffer {
    const random = this.#random;
    const parts: Buffer[] = [];
    for (let count = random.below(4); count > 0; count--) {
      const [id, value] = random.pick<[number, number]>([
        [1, random.pick([0, 100, 4096, 65_536])],
        [2, random.below(2)],
        [3, random.pick([0, 1, 100, 0xffffffff])],
        [4, random.pick([0, 1, 100, 65_535, 1_000_000, 0x7fffffff, 0x80000000])],
        [5, random.pick([16_384, 16_385, 0xffffff, 0x1000000, 1])],
        [6, random.pick([0, 100, 65_536, 0xffffffff])],
        [8, random.below(3)],
        [random.below(65_536), random.next()],
      ]);
      const setting = Buffer.alloc(6);
      setting.writeUInt16BE(id);
      setting.writeUInt32BE(value, 2);
      parts.push(setting);
    }
    return frame(frameType.settings, 0, 0, Buffer.concat(parts));
  }

  #increment(): number {
    const random = this.#random;
    return random.chance(85) ? 1 + random.below(100_000) : random.pick([0, 0x7fffffff, 0x80000001, 0xffffffff]);
  }
}

function mutate(frames: Buffer[], random: Random): void {
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(frames.length + 1);
    const target = frames[at];
    switch (target === undefined ? 0 : random.below(10)) {
      case 0:
        frames.splice(at, 0, random.bytes(random.below(40)));
        break;
      case 1:
        frames.splice(at, 1);
        break;
      case 2:
        frames.splice(at, 0, target as Buffer);
        break;
      case 3:
        frames.splice(random.below(frames.length), 0, ...frames.splice(at, 1));
        break;
      case 4:
        frames[at] = (target as Buffer).subarray(0, random.below((target as Buffer).length + 1));
        break;
      case 5: // the length
        frames[at] = changed(target as Buffer, random.below(3), random.chance(50) ? random.below(4) : random.next());
        break;
      case 6: // the type or the flags
        frames[at] = changed(target as Buffer, 3 + random.below(2), random.chance(50) ? random.below(16) : random.next());
        break;
      case 7: // the stream
        frames[at] = changed(target as Buffer, 5 + random.below(4), random.chance(50) ? random.below(8) : random.next());
        break;
      case 8: // one bit somewhere
        frames[at] = changed(target as Buffer, random.below((target as Buffer).length), random.next(), 1 << random.below(8));
        break;
      default: // one octet somewhere
        frames[at] = changed(target as Buffer, random.below((target as Buffer).length), random.next());
    }
  }
}

/** A copy with one octet changed: all of it, or the bits of `mask` flipped. */
function changed(bytes: Buffer, at: number, value: number, mask?: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = mask === undefined ? value : (copy[at] as number) ^ mask;
  return copy;
}
