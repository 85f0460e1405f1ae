import type { WriteStream } from "node:tty";

/** Whether a stream shows colour: only a terminal does, and not if `NO_COLOR` is set. */
export function hasColour(stream: Pick<WriteStream, "isTTY" | "hasColors">): boolean {
  return stream.isTTY && stream.hasColors();
}
