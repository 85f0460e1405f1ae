// Prints progress to stderr: on a terminal one changing line, elsewhere only headings.
import type { WriteStream } from "node:tty";

export interface Progress {
  /** Prints a permanent line. */
  heading(text: string): void;
  /** Prints a line that the next step replaces. */
  step(text: string): void;
  /** Removes the last step. */
  clear(): void;
}

export function progressOn(stream: WriteStream): Progress {
  const clear = () => {
    if (stream.isTTY) stream.write("\r\u001b[K");
  };
  return {
    clear,
    heading(text) {
      clear();
      stream.write(`${text}\n`);
    },
    step(text) {
      if (stream.isTTY) stream.write(`\r\u001b[K${text.slice(0, stream.columns - 1)}`);
    },
  };
}
