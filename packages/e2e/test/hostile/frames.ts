// Encodes and decodes HTTP/2 frames (RFC 9113) as bytes, including frames that no HTTP/2 library
// would send.

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

export const flag = { none: 0, endStream: 0x1, ack: 0x1, endHeaders: 0x4 } as const;

export const code = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame (RFC 9113, section 4.1). `length` overrides the length field, to send a wrong one. */
export function frame(
  kind: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
  length = payload.length,
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(length, 0, 3);
  header[3] = kind;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

export const settings = (entries: readonly (readonly [id: number, value: number])[] = []): Buffer =>
  frame(
    type.settings,
    flag.none,
    0,
    Buffer.concat(
      entries.map(([id, value]) => {
        const entry = Buffer.alloc(6);
        entry.writeUInt16BE(id);
        entry.writeUInt32BE(value, 2);
        return entry;
      }),
    ),
  );
export const settingsAck = frame(type.settings, flag.ack, 0);
export const ping = (flags: number = flag.none, payload = Buffer.alloc(8)): Buffer => frame(type.ping, flags, 0, payload);
export const rstStream = (stream: number, error: number): Buffer => frame(type.rstStream, flag.none, stream, uint32(error));
export const goaway = (lastStream: number, error: number, debug = ""): Buffer =>
  frame(type.goaway, flag.none, 0, Buffer.concat([uint32(lastStream), uint32(error), Buffer.from(debug)]));
export const windowUpdate = (stream: number, increment: number): Buffer => frame(type.windowUpdate, flag.none, stream, uint32(increment));
export const data = (stream: number, bytes: Uint8Array, flags: number = flag.none): Buffer => frame(type.data, flags, stream, bytes);

/**
 * Header fields as a list, so that they can repeat and come in any order. A value of bytes is sent
 * unchanged.
 */
export type Fields = readonly (readonly [name: string, value: string | Uint8Array])[];

/**
 * Minimal HPACK (RFC 7541, section 6.2.2): every field is a literal with a new name, without the
 * dynamic table.
 */
export function headerBlock(fields: Fields): Buffer {
  return Buffer.concat(
    fields.map(([name, value]) => {
      const bytes = typeof value === "string" ? Buffer.from(value) : value;
      return Buffer.concat([Buffer.of(0), integer(Buffer.byteLength(name)), Buffer.from(name), integer(bytes.length), bytes]);
    }),
  );
}

/** An HPACK integer with a seven-bit prefix (RFC 7541, section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.of(...bytes, rest);
}

export const headers = (stream: number, fields: Fields, flags: number = flag.endHeaders): Buffer =>
  frame(type.headers, flags, stream, headerBlock(fields));

/**
 * A length-prefixed gRPC message. `length` overrides the length in the prefix, to send a wrong one.
 */
export function message(bytes: Uint8Array, compressed = 0, length = bytes.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** A received frame. */
export interface FrameHeader {
  readonly kind: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Splits received bytes into frames. */
export class FrameReader {
  #rest = Buffer.alloc(0);

  read(bytes: Buffer): FrameHeader[] {
    const frames: FrameHeader[] = [];
    let rest = Buffer.concat([this.#rest, bytes]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      frames.push({
        kind: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        stream: rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: rest.subarray(9, end),
      });
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    return frames;
  }
}
