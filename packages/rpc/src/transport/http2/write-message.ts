// Writes a message in the format of a body: a flag, four bytes of length, and the message.
import type { Stream } from "@grpc-study/http2";

const prefix = Buffer.alloc(5);

/** Returns the flag and the length of a message. The bytes are valid until the next call. */
export function prefixOf({ length }: Buffer, compressed: boolean): Buffer {
  prefix[0] = compressed ? 1 : 0;
  prefix[1] = length >>> 24;
  prefix[2] = length >>> 16;
  prefix[3] = length >>> 8;
  prefix[4] = length;
  return prefix;
}

/** Returns whether there is room for more. */
export function writeMessage(stream: Stream, message: Buffer, compressed: boolean, end: boolean): boolean {
  return stream.write(message, end, prefixOf(message, compressed));
}
