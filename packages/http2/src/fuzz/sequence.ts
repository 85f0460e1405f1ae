// Generates sequences of frames: mostly valid ones, then mutated.

import { HeaderList } from "../headers/header-list.ts";
import { Encoder } from "../hpack/encoder.ts";
import { flag, frame, frameType, preface, uint32 } from "./frames.ts";
import { Random } from "./random.ts";

export interface Sequence {
  readonly seed: number;
  /** The role of the engine under test. */
  readonly role: "server" | "client";
  /**
   * The frames that the engine receives, possibly malformed. The preface of a client counts as
   * its first frame.
   */
  readonly frames: readonly Buffer[];
  /** `true` if the peer reads the engine's output. */
  readonly reads: boolean;
}

const fields: readonly [[string, string], ...[string, string][]] = [
  ["content-type", "application/octet-stream"],
  ["te", "trailers"],
  ["x-a", "b"],
  ["authorization", "secret"],
  ["x-long", "v".repeat(300)],
  ["content-length", "5"],
  ["connection", "close"],
  ["X-Upper", "a"],
  [":path", "/"],
  ["x-control", "a\nb"],
];

/** Returns the sequence of a seed. */
export function sequenceOf(seed: number): Sequence {
  const random = new Random(seed);
  const role = random.chance(60) ? "server" : "client";
  const frames = new Generator(random, role, random.chance(30)).frames();
  if (random.chance(45)) mutate(frames, random);
  return { seed, role, frames, reads: random.chance(92) };
}

class Generator {
  readonly #random: Random;
  readonly #role: "server" | "client";
  /**
   * `true` if frames violate rules even without mutation. Most sequences are tame, so that
   * connections live longer.
   */
  readonly #wild: boolean;
  readonly #encoder = new Encoder();
  readonly #out = Buffer.allocUnsafe(65_536);
  /** The streams whose peer half is open. */
  #open: number[] = [];
  /** The streams that have had their header list. Their next one is trailers. */
  readonly #started = new Set<number>();
  #nextStream = 1;

  constructor(random: Random, role: "server" | "client", wild: boolean) {
    this.#random = random;
    this.#role = role;
    this.#wild = wild;
  }

  frames(): Buffer[] {
    const random = this.#random;
    const frames: Buffer[] = [];
    if (this.#role === "server") frames.push(preface);
    else this.#open.push(1, 3, 5);
    if (!this.#wild || !random.chance(5)) frames.push(this.#settings());
    if (random.chance(70)) frames.push(frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)));
    const length = random.chance(5) ? random.below(200) : random.below(25);
    for (let i = 0; i < length; i++) frames.push(...this.#step());
    return frames;
  }

  #step(): Buffer[] {
    const random = this.#random;
    const choice = random.below(this.#wild ? 100 : 88);
    if (!this.#wild && this.#open.length === 0) {
      return this.#role === "server" ? this.#headers(this.#newStream(), false) : [frame(frameType.ping, 0, 0, random.bytes(8))];
    }
    if (choice < 24) return this.#headers(this.#role === "server" ? this.#newStream() : this.#stream(), random.chance(25));
    if (choice < 30) return this.#headers(this.#stream(), true);
    if (choice < 56) return [this.#data()];
    if (choice < 61) return [this.#rstStream()];
    if (choice < 70) return [frame(frameType.windowUpdate, 0, random.chance(50) ? 0 : this.#stream(), uint32(this.#increment()))];
    if (choice < 75) return [frame(frameType.ping, random.chance(30) ? flag.ack : 0, 0, random.bytes(8))];
    if (choice < 80) return [this.#settings()];
    if (choice < 83) return [frame(frameType.priority, 0, this.#stream(), Buffer.concat([uint32(0), random.bytes(1)]))];
    if (choice < 85)
      return [frame(10 + random.below(246), random.below(256), random.chance(50) ? 0 : this.#stream(), random.bytes(random.below(30)))];
    if (choice < 86) return [this.#goaway()];
    if (choice < 88) return [frame(frameType.ping, 0, 0, random.bytes(8))];
    if (choice < 91)
      return [frame(frameType.continuation, random.below(2) * flag.endHeaders, this.#stream(), random.bytes(random.below(10)))];
    if (choice < 93) return [frame(frameType.settings, flag.ack, 0, Buffer.alloc(0))];
    if (choice < 94)
      return [frame(frameType.pushPromise, flag.endHeaders, this.#stream(), Buffer.concat([uint32(2), Buffer.from([0x82])]))];
    if (choice < 96) return [frame(frameType.priority, 0, this.#stream(), random.bytes(5))];
    return [frame(random.below(12), random.below(256), random.chance(50) ? this.#stream() : random.next(), random.bytes(random.below(60)))];
  }

  #newStream(): number {
    const stream = this.#nextStream;
    this.#nextStream += 2 * (1 + (this.#random.chance(5) ? this.#random.below(3) : 0));
    this.#open.push(stream);
    return stream;
  }

  /**
   * Returns one of the last streams. A wild generator also returns closed and idle ones.
   */
  #stream(): number {
    const random = this.#random;
    if (this.#wild && random.chance(8)) return random.pick([0, 1, 2, 3, 7, 0x7fffffff]);
    if (this.#open.length === 0) return this.#role === "server" ? this.#nextStream : 1;
    const recent = Math.min(this.#open.length, 4);
    return this.#open[this.#open.length - 1 - random.below(recent)] as number;
  }

  #ended(stream: number): void {
    if (!this.#wild || this.#random.chance(80)) this.#open = this.#open.filter((open) => open !== stream);
  }

  #rstStream(): Buffer {
    const random = this.#random;
    const stream = this.#stream();
    this.#ended(stream);
    return frame(frameType.rstStream, 0, stream, uint32(random.chance(80) ? random.below(14) : random.next()));
  }

  #goaway(): Buffer {
    const random = this.#random;
    return frame(
      frameType.goaway,
      0,
      0,
      Buffer.concat([uint32(random.below(9)), uint32(random.below(14)), random.bytes(random.below(20))]),
    );
  }

  #headers(stream: number, endStream: boolean): Buffer[] {
    const random = this.#random;
    const trailers = this.#started.has(stream);
    const block = this.#wild && random.chance(4) ? random.bytes(random.below(40)) : this.#block(trailers);
    this.#started.add(stream);
    if (endStream) this.#ended(stream);
    let flags = endStream ? flag.endStream : 0;
    const parts: Uint8Array[] = [];
    const padding = random.chance(10) ? random.below(20) : -1;
    if (padding >= 0) {
      flags |= flag.padded;
      parts.push(Buffer.from([padding]));
    }
    if (random.chance(10)) {
      flags |= flag.priority;
      parts.push(Buffer.concat([uint32(0), random.bytes(1)]));
    }
    // A split block continues in CONTINUATION frames.
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

  #block(trailers: boolean): Buffer {
    const random = this.#random;
    const flat: string[] = [];
    const odd = this.#wild && random.chance(30);
    if (!trailers || (odd && random.chance(20))) {
      if (this.#role === "server")
        flat.push(":method", "POST", ":scheme", "http", ":path", odd ? random.pick(["", "*"]) : random.pick(["/", "/a", "/b/c"]));
      else flat.push(":status", odd ? random.pick(["103", "101", "2x"]) : random.pick(["200", "200", "404"]));
      if (this.#role === "server" && random.chance(80)) flat.push(":authority", "localhost");
    }
    // The later fields of the list are malformed or constrain what follows.
    const reach = odd ? fields.length : 4;
    for (let count = random.below(4); count > 0; count--) flat.push(...(fields[random.below(reach)] as [string, string]));
    if (random.chance(2)) flat.push("x-huge", "h".repeat(random.below(40_000)));
    const end = this.#encoder.encode(new HeaderList(flat), this.#out, 0);
    return Buffer.from(this.#out.subarray(0, end));
  }

  #data(): Buffer {
    const random = this.#random;
    const length = random.pick([0, 1, 5, 5, 30, 200, 200, 2000, 16_384, this.#wild ? 17_000 : 16_000]);
    const body = Buffer.alloc(random.chance(85) ? Math.min(length, 200) : length, 0x61);
    const endStream = random.chance(20) ? flag.endStream : 0;
    const stream = this.#stream();
    if (endStream !== 0) this.#ended(stream);
    if (!random.chance(10)) return frame(frameType.data, endStream, stream, body);
    const padding = random.below(256);
    const payload = Buffer.concat([Buffer.from([padding]), body, Buffer.alloc(padding)]);
    return frame(frameType.data, endStream | flag.padded, stream, payload);
  }

  #settings(): Buffer {
    const random = this.#random;
    const parts: Buffer[] = [];
    for (let count = random.below(4); count > 0; count--) {
      const odd = this.#wild && random.chance(10);
      const [id, value] = random.pick<[number, number]>([
        [1, random.pick([0, 100, 4096, 65_536])],
        [2, odd ? random.below(3) : 0],
        [3, random.pick([0, 1, 100, 0xffffffff])],
        [4, odd ? random.pick([0x7fffffff, 0x80000000]) : random.pick([0, 1, 100, 65_535, 1_000_000])],
        [5, odd ? random.pick([0x1000000, 1]) : random.pick([16_384, 16_385, 0xffffff])],
        [6, random.pick([0, 100, 65_536, 0xffffffff])],
        [8, odd ? random.below(3) : 1],
        [9 + random.below(65_000), random.next()],
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
    return !this.#wild || random.chance(85) ? 1 + random.below(100_000) : random.pick([0, 0x7fffffff, 0x80000001, 0xffffffff]);
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

/** Returns a copy with one octet changed: replaced, or with the bits of `mask` flipped. */
function changed(bytes: Buffer, at: number, value: number, mask?: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = mask === undefined ? value : (copy[at] as number) ^ mask;
  return copy;
}
