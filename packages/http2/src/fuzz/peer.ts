// The peer of the connection under test: feeds octets to the engine and checks its output.

import { Duplex } from "node:stream";
import { Decoder } from "../hpack/decoder.ts";
import { type Frame, FrameParser, flag, frameType, preface } from "./frames.ts";

/** The maximum output in octets that an engine may buffer for a peer that does not read. */
const maxUnread = 4 * 1024 * 1024;

export class Peer extends Duplex {
  /** The first fault that was found. */
  fault: string | undefined;
  /** The payloads of the acknowledged PINGs, as latin1. */
  readonly pongs = new Set<string>();
  readonly #reads: boolean;
  readonly #waiting: (() => void)[] = [];
  readonly #output = new FrameParser();
  readonly #decoder = new Decoder({ maxTableSize: 0xffffffff });
  readonly #reset = new Set<number>();
  readonly #ended = new Set<number>();
  /** The octets of the client's preface that are still missing. */
  #prefaceDue: Buffer;
  #block: Buffer[] | undefined;
  #blockStream = 0;
  #credit = 65_535;
  #maxFrameSize = 16_384;

  constructor(role: "server" | "client", reads: boolean) {
    super({ readableHighWaterMark: 1 << 20, writableHighWaterMark: 1 << 16, allowHalfOpen: true });
    this.#reads = reads;
    this.#prefaceDue = role === "client" ? preface : Buffer.alloc(0);
  }

  /** The octets that the engine has written and this peer has not read. */
  get unread(): number {
    return this.#reads ? 0 : this.writableLength;
  }

  /** Sends a chunk to the engine. */
  feed(chunk: Buffer): void {
    if (!this.destroyed && !this.readableEnded) this.push(chunk);
  }

  /** Updates what the sent frames allow the engine: octets of DATA and the size of its frames. */
  allow(sent: Frame): void {
    if (sent.type === frameType.windowUpdate && sent.streamId === 0 && sent.payload.length === 4) {
      this.#credit += sent.payload.readUInt32BE() & 0x7fffffff;
    }
    if (sent.type !== frameType.settings) return;
    for (let at = 0; at + 6 <= sent.payload.length; at += 6) {
      const value = sent.payload.readUInt32BE(at + 2);
      if (sent.payload.readUInt16BE(at) === 5) this.#maxFrameSize = Math.max(this.#maxFrameSize, value);
    }
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#take(chunk);
    if (this.#reads) done();
    else {
      this.#waiting.push(done);
      if (this.writableLength > maxUnread) this.#fail(`${this.writableLength} octets wait for a peer that does not read`);
    }
  }

  override _final(done: () => void): void {
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#waiting.length = 0;
    done(error);
  }

  #fail(fault: string): void {
    this.fault ??= fault;
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    if (this.#prefaceDue.length > 0) {
      const length = Math.min(this.#prefaceDue.length, rest.length);
      if (!rest.subarray(0, length).equals(this.#prefaceDue.subarray(0, length))) this.#fail("the client preface is malformed");
      this.#prefaceDue = this.#prefaceDue.subarray(length);
      rest = rest.subarray(length);
    }
    for (const frame of this.#output.feed(rest)) this.#check(frame);
  }

  #check(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    if (payload.length > this.#maxFrameSize) this.#fail(`a frame of ${payload.length} octets exceeds SETTINGS_MAX_FRAME_SIZE`);
    if (this.#block !== undefined && (type !== frameType.continuation || streamId !== this.#blockStream)) {
      this.#fail(`a frame of type ${type} interrupts a header block`);
    }
    const ofStream = type === frameType.data || type === frameType.headers || type === frameType.rstStream;
    if (ofStream && (streamId === 0 || streamId % 2 === 0)) this.#fail(`a frame of type ${type} names the stream ${streamId}`);
    if ((type === frameType.data || type === frameType.headers) && this.#reset.has(streamId))
      this.#fail(`stream ${streamId} continues after its RST_STREAM`);
    if ((type === frameType.data || type === frameType.headers) && this.#ended.has(streamId))
      this.#fail(`stream ${streamId} continues after its END_STREAM`);
    switch (type) {
      case frameType.data:
        this.#credit -= payload.length;
        if (this.#credit < 0) this.#fail("DATA exceeds the window of the connection");
        break;
      case frameType.headers:
        this.#block = [payload];
        this.#blockStream = streamId;
        break;
      case frameType.continuation:
        if (this.#block === undefined) this.#fail("CONTINUATION without a header block");
        else this.#block.push(payload);
        break;
      case frameType.rstStream:
        this.#reset.add(streamId);
        if (payload.length !== 4) this.#fail("RST_STREAM has a wrong length");
        break;
      case frameType.settings:
        if (streamId !== 0 || payload.length % 6 !== 0 || ((flags & flag.ack) !== 0 && payload.length > 0))
          this.#fail("SETTINGS is malformed");
        break;
      case frameType.ping:
        if (streamId !== 0 || payload.length !== 8) this.#fail("PING is malformed");
        if ((flags & flag.ack) !== 0) this.pongs.add(payload.toString("latin1"));
        break;
      case frameType.goaway:
        if (streamId !== 0 || payload.length < 8) this.#fail("GOAWAY is malformed");
        break;
      case frameType.windowUpdate:
        if (payload.length !== 4 || payload.readUInt32BE() === 0 || payload.readUInt32BE() > 0x7fffffff)
          this.#fail("WINDOW_UPDATE is malformed");
        break;
      default:
        this.#fail(`a frame of type ${type} must not be sent`);
    }
    if ((type === frameType.headers || type === frameType.data) && (flags & flag.endStream) !== 0) this.#ended.add(streamId);
    if ((type === frameType.headers || type === frameType.continuation) && (flags & flag.endHeaders) !== 0) this.#decode();
  }

  #decode(): void {
    const block = Buffer.concat(this.#block ?? []);
    this.#block = undefined;
    if (this.#decoder.decode(block, 0, block.length, 1 << 20) === undefined)
      this.#fail(`a header block is malformed: ${this.#decoder.fault?.reason}`);
  }
}
