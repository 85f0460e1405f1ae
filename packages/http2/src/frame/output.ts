// The output of a connection. Frames are written directly into one buffer, which goes to the socket
// once per turn of the event loop.
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { Flag, FrameType, frameHeaderSize } from "./types.ts";

/** Room for four DATA frames of the default size with their headers, and for small frames. */
const bufferSize = 4 * (16_384 + frameHeaderSize) + 4096;

/**
 * Free buffers. A connection returns its buffer once the bytes have been sent, so idle connections
 * hold none.
 */
const pool: Buffer[] = [];
const maxPooled = 16;

const noBuffer = Buffer.alloc(0);

function toPool(buffer: Buffer): void {
  if (buffer.length === bufferSize && pool.length < maxPooled) pool.push(buffer);
}

/**
 * The largest chunk that is copied for a byte stream that keeps it, so that a few octets do not
 * hold a whole buffer.
 */
const copiedSize = 8192;

/** Up to this many octets are copied in JavaScript, because a native call costs more. */
const fewOctets = 32;

export class Output {
  readonly #socket: Duplex;
  /**
   * `true` for a TCP or Unix socket: once its `writableLength` is 0, the kernel has the bytes and
   * the buffer can be reused. Other byte streams, such as one end of an in-memory pair, may keep
   * the chunk.
   */
  readonly #releasesChunks: boolean;
  #buffer: Buffer = noBuffer;
  #length = 0;
  /**
   * Buffers that the socket still holds. They are reused afterwards, because fresh memory costs
   * more than the copy.
   */
  #lent: Buffer[] = [];
  /**
   * `true` while the socket has bytes that it could not send. Until it drains, only urgent frames
   * are written.
   */
  blocked = false;
  /** The number of replies written while the socket is blocked. */
  blockedReplies = 0;
  /** The stream of the last DATA frame (0 for none), and the start and end of the frame. */
  #dataStream = 0;
  #dataStart = 0;
  #dataEnd = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#releasesChunks = socket instanceof Socket && !(socket instanceof TLSSocket);
  }

  /** The bytes that have not left the process. */
  get pending(): number {
    return this.#length + this.#socket.writableLength;
  }

  get empty(): boolean {
    return this.#length === 0;
  }

  /** Returns the buffer with room for `size` more octets after `position`. */
  reserve(size: number): Buffer {
    if (this.#buffer.length - this.#length < size) this.#makeRoom(size);
    return this.#buffer;
  }

  /** The position of the next octet. Valid after `reserve`. */
  get position(): number {
    return this.#length;
  }

  /** Sets the position after octets were written into the buffer. */
  advance(to: number): void {
    this.#length = to;
  }

  #makeRoom(size: number): void {
    if (this.#length > 0) this.#toSocket();
    if (this.#buffer.length >= size) return;
    this.#buffer = size <= bufferSize ? (pool.pop() ?? Buffer.allocUnsafeSlow(bufferSize)) : Buffer.allocUnsafeSlow(size);
  }

  /** Writes the buffered frames to the socket, unless it is blocked. */
  flush(): void {
    if (this.blocked) return;
    if (this.#lent.length > 0) this.#takeBack();
    if (this.#length > 0) this.#toSocket();
    if (this.#buffer !== noBuffer) this.#release();
  }

  /** Writes everything to the socket, even if it is blocked, because the connection ends. */
  flushAll(): void {
    if (this.#length > 0) this.#toSocket();
    this.#release();
  }

  /** The socket has drained. */
  drained(): void {
    this.blocked = false;
    this.blockedReplies = 0;
    this.#takeBack();
  }

  #release(): void {
    toPool(this.#buffer);
    this.#buffer = noBuffer;
  }

  #takeBack(): void {
    if (this.#lent.length === 0 || this.#socket.writableLength > 0) return;
    for (const buffer of this.#lent) toPool(buffer);
    this.#lent = [];
  }

  #toSocket(): void {
    const socket = this.#socket;
    const length = this.#length;
    let chunk = this.#buffer.subarray(0, length);
    this.#length = 0;
    this.#dataStream = 0;
    // A socket with a backlog keeps this chunk, too.
    const kept = !this.#releasesChunks || socket.writableLength > 0;
    const copied = kept && length <= copiedSize;
    if (copied) chunk = Buffer.from(chunk);
    else if (!this.#releasesChunks) this.#buffer = noBuffer;
    if (socket.destroyed || socket.writableEnded) return;
    const room = socket.write(chunk);
    if (socket.writableLength === 0) return;
    if (this.#releasesChunks && !copied) {
      this.#lent.push(this.#buffer);
      this.#buffer = noBuffer;
    }
    if (!room) this.blocked = true;
  }

  /** Writes a frame header (RFC 9113, section 4.1). The caller has reserved room. */
  header(length: number, type: number, flags: number, id: number): void {
    const buffer = this.#buffer;
    const at = this.#length;
    buffer[at] = length >>> 16;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length;
    buffer[at + 3] = type;
    buffer[at + 4] = flags;
    buffer[at + 5] = id >>> 24;
    buffer[at + 6] = id >>> 16;
    buffer[at + 7] = id >>> 8;
    buffer[at + 8] = id;
    this.#length = at + frameHeaderSize;
  }

  /** Writes a DATA frame. */
  data(id: number, prefix: Uint8Array, data: Uint8Array, endStream: boolean): void {
    const length = prefix.length + data.length;
    this.reserve(frameHeaderSize + length);
    this.#dataStream = id;
    this.#dataStart = this.#length;
    this.header(length, FrameType.DATA, endStream ? Flag.END_STREAM : 0, id);
    if (prefix.length > 0) this.octets(prefix, 0, prefix.length);
    if (data.length > 0) this.octets(data, 0, data.length);
    this.#dataEnd = this.#length;
  }

  /**
   * Extends the last frame, if it is an unsent DATA frame of this stream. Fewer frames cost the
   * peer less.
   */
  lengthenData(id: number, prefix: Uint8Array, data: Uint8Array, endStream: boolean, limit: number): boolean {
    if (this.#dataStream !== id || this.#dataEnd !== this.#length) return false;
    const at = this.#dataStart;
    const more = prefix.length + data.length;
    const length = this.#length - at - frameHeaderSize + more;
    if (length > limit || this.#buffer.length - this.#length < more) return false;
    this.octets(prefix, 0, prefix.length);
    this.octets(data, 0, data.length);
    const buffer = this.#buffer;
    buffer[at] = length >>> 16;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length;
    if (endStream) buffer[at + 4] = Flag.END_STREAM;
    this.#dataEnd = this.#length;
    return true;
  }

  /** Writes octets. The caller has reserved room. */
  octets(data: Uint8Array, start: number, end: number): void {
    const buffer = this.#buffer;
    let at = this.#length;
    this.#length = at + end - start;
    if (end - start > fewOctets) buffer.set(start === 0 && end === data.length ? data : data.subarray(start, end), at);
    else for (let i = start; i < end; i++) buffer[at++] = data[i] as number;
  }

  uint32(value: number): void {
    const buffer = this.#buffer;
    const at = this.#length;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
    this.#length = at + 4;
  }

  #countReply(): void {
    if (this.blocked) this.blockedReplies++;
  }

  rstStream(id: number, code: number): void {
    this.#countReply();
    this.reserve(13);
    this.header(4, FrameType.RST_STREAM, 0, id);
    this.uint32(code);
  }

  windowUpdate(id: number, increment: number): void {
    this.reserve(13);
    this.header(4, FrameType.WINDOW_UPDATE, 0, id);
    this.uint32(increment);
  }

  /** Writes SETTINGS with identifiers and values (RFC 9113, section 6.5.1). */
  settings(pairs: readonly (readonly [id: number, value: number])[]): void {
    this.reserve(frameHeaderSize + pairs.length * 6);
    this.header(pairs.length * 6, FrameType.SETTINGS, 0, 0);
    for (const [id, value] of pairs) {
      this.#buffer[this.#length++] = id >>> 8;
      this.#buffer[this.#length++] = id;
      this.uint32(value);
    }
  }

  settingsAck(): void {
    this.#countReply();
    this.reserve(frameHeaderSize);
    this.header(0, FrameType.SETTINGS, Flag.ACK, 0);
  }

  ping(first: number, second: number): void {
    this.reserve(17);
    this.header(8, FrameType.PING, 0, 0);
    this.uint32(first);
    this.uint32(second);
  }

  pingAck(payload: Buffer, start: number): void {
    this.#countReply();
    this.reserve(17);
    this.header(8, FrameType.PING, Flag.ACK, 0);
    this.octets(payload, start, start + 8);
  }

  goaway(lastStreamId: number, code: number, debugData: string): void {
    const debug = Buffer.from(debugData, "utf8").subarray(0, 1024);
    this.reserve(frameHeaderSize + 8 + debug.length);
    this.header(8 + debug.length, FrameType.GOAWAY, 0, 0);
    this.uint32(lastStreamId);
    this.uint32(code);
    this.octets(debug, 0, debug.length);
  }
}
