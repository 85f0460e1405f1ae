// What is being done, on stderr: one line that changes on a terminal, elsewhere nothing but the headings.
import type { WriteStream } from "node:tty";

export interface Progress {
  /** A line that stays. */
  heading(text: string): void;
  /** A line that the next one replaces. */
  step(text: string): void;
  /** Takes the last step away. */
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
