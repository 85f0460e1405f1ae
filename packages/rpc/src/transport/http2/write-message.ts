// Writes a message in the format of a body: a flag, four bytes of length, and the message.
import type { Stream } from "@grpc-study/http2";

const prefix = 5;

/** Up to this size, copying a message costs less than a frame of its own. */
const copied = 16 * 1024 - prefix;

/**
 * Returns the message with its prefix. For a long message, returns only the prefix; the message
 * follows by `stream.write`, which does not copy it.
 */
export function messageBody(message: Buffer, compressed: boolean): Buffer {
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

/** Whether `messageBody` returns the complete body of the message. */
export function isCopied(message: Buffer): boolean {
  return message.length <= copied;
}

/** Returns whether there is room for more. */
export function writeMessage(stream: Stream, message: Buffer, compressed: boolean, end: boolean): boolean {
  if (isCopied(message)) return stream.write(messageBody(message, compressed), end);
  stream.write(messageBody(message, compressed));
  return stream.write(message, end);
}
