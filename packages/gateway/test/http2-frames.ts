// Raw HTTP/2 frames. Node's client cannot abort abruptly: it ends a body before it resets a stream,
// and sends GOAWAY before it disconnects.

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** The client's preface and SETTINGS. */
export const opening = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0)]);

/**
 * A HEADERS frame of literals without indexing (RFC 7541, section 6.2.2). Each is shorter than 127
 * bytes.
 */
export function requestHeader(stream: number, fields: Readonly<Record<string, string>>, end = false): Buffer {
  const all = { ":method": "GET", ":scheme": "http", ":authority": "localhost", ...fields };
  const block = Object.entries(all).flatMap(([name, value]) => [0, name.length, ...Buffer.from(name), value.length, ...Buffer.from(value)]);
  return frame(1, end ? 5 : 4, stream, Buffer.from(block));
}

export const data = (stream: number, text: string): Buffer => frame(0, 0, stream, Buffer.from(text));

/** An empty DATA frame that ends the body. */
export const endOfData = (stream: number): Buffer => frame(0, 1, stream);

export const reset = (stream: number, code: number): Buffer => frame(3, 0, stream, Buffer.of(0, 0, 0, code));
