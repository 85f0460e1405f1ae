import type { WriteStream } from "node:tty";

/** `true` if the stream is a terminal that supports colour and `NO_COLOR` is unset. */
export function hasColour(stream: Pick<WriteStream, "isTTY" | "hasColors">): boolean {
  return stream.isTTY && stream.hasColors();
}
