// A message as it stands in a body: a flag, four bytes of length, and its bytes.
import type { Stream } from "@grpc-study/http2";

const prefix = 5;

/** Up to this many bytes, a copy costs less than a frame of its own. */
const copied = 16 * 1024 - prefix;

/** The message with its prefix; of a long message the prefix only. */
function head(message: Buffer, compressed: boolean): Buffer {
  const { length } = message;
  const body = Buffer.allocUnsafe(length <= copied ? prefix + length : prefix);
  body[0] = compressed ? 1 : 0;
  body[1] = length >>> 24;
  body[2] = length >>> 16;
  body[3] = length >>> 8;
  body[4] = length;
  if (length <= copied) body.set(message, prefix);
  return body;
}

/** Writes a message. Returns whether there is room for more. */
export function writeMessage(stream: Stream, message: Buffer, compressed: boolean): boolean {
  const room = stream.write(head(message, compressed));
  return message.length <= copied ? room : stream.write(message);
}

/** A message with its prefix, if it is short enough to be copied for that; undefined if not: `writeMessage` writes it in two parts. */
export function shortBody(message: Buffer, compressed: boolean): Buffer | undefined {
  return message.length <= copied ? head(message, compressed) : undefined;
}
