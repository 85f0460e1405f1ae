// HTTP/2 frames as bytes (RFC 9113), independent of the engine and therefore possibly malformed.

export const type = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const flag = { none: 0x0, endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const code = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
} as const;

export const setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/**
 * A frame (section 4.1). `length` overrides the length field, for malformed frames.
 */
export function frame(kind: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0), length = payload.length): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(length, 0, 3);
  header[3] = kind;
  header[4] = flags;
  header.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([header, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Section 6.5. */
export function settings(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * entries.length);
  for (const [index, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frame(type.settings, flag.none, 0, payload);
}
export const settingsAck = frame(type.settings, flag.ack, 0);

/** Section 6.7. The payload is padded to eight bytes. */
export function ping(payload = "", flags: number = flag.none): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.write(payload, "latin1");
  return frame(type.ping, flags, 0, bytes);
}

export const rstStream = (stream: number, error: number): Buffer => frame(type.rstStream, flag.none, stream, uint32(error));

export const goaway = (lastStream: number, error: number, debug = ""): Buffer =>
  frame(type.goaway, flag.none, 0, Buffer.concat([uint32(lastStream), uint32(error), Buffer.from(debug)]));

export const windowUpdate = (stream: number, increment: number): Buffer => frame(type.windowUpdate, flag.none, stream, uint32(increment));

/**
 * The payload of PRIORITY frames and the PRIORITY flag (section 6.3). `weight` is the weight minus
 * one.
 */
export function dependency(on: number, weight = 255, exclusive = false): Buffer {
  return Buffer.concat([uint32(exclusive ? on | 0x8000_0000 : on), Buffer.of(weight)]);
}

export const priority = (stream: number, on: number, weight?: number, exclusive?: boolean): Buffer =>
  frame(type.priority, flag.none, stream, dependency(on, weight, exclusive));

export const data = (stream: number, bytes: Uint8Array | string, flags: number = flag.none): Buffer =>
  frame(type.data, flags, stream, Buffer.from(bytes));

/** The payload of a frame with the PADDED flag. `length` is the value of the Pad Length field. */
export const padded = (payload: Uint8Array, padding: number, length = padding): Buffer =>
  Buffer.concat([Buffer.of(length), payload, Buffer.alloc(padding)]);

/** HEADERS with END_HEADERS and, by default, END_STREAM. */
export const headers = (stream: number, block: Uint8Array, flags: number = flag.endHeaders | flag.endStream): Buffer =>
  frame(type.headers, flags, stream, block);

export const continuation = (stream: number, block: Uint8Array, flags: number = flag.endHeaders): Buffer =>
  frame(type.continuation, flags, stream, block);

export const pushPromise = (stream: number, promised: number, block: Uint8Array): Buffer =>
  frame(type.pushPromise, flag.endHeaders, stream, Buffer.concat([uint32(promised), block]));

/** Concatenates the bytes for each index in one buffer. */
export function many(count: number, make: (index: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
}

export interface Frame {
  readonly kind: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Splits the bytes of a socket into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  read(bytes: Buffer): Frame[] {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    const frames: Frame[] = [];
    if (this.#length < 9) return frames;
    let rest = this.#chunks.length === 1 ? bytes : Buffer.concat(this.#chunks);
    while (rest.length >= 9) {
      const end = 9 + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      frames.push({
        kind: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        stream: rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: rest.subarray(9, end),
      });
      rest = rest.subarray(end);
    }
    this.#chunks = [rest];
    this.#length = rest.length;
    return frames;
  }
}

const nameOf = (table: Record<string, number>, value: number): string =>
  Object.entries(table).find(([, known]) => known === value)?.[0] ?? `0x${value.toString(16)}`;

/** Describes a frame for failure messages. */
export function describeFrame({ kind, flags, stream, payload }: Frame): string {
  const error = (offset: number) => nameOf(code, payload.readUInt32BE(offset));
  const detail = kind === type.rstStream ? ` ${error(0)}` : kind === type.goaway ? ` ${error(4)} "${payload.toString("latin1", 8)}"` : "";
  return `${nameOf(type, kind)}(stream ${stream}, flags 0x${flags.toString(16)}, ${payload.length} bytes${detail})`;
}
