// The input and output of the chat: a terminal, where both share the screen, or pipes.
import { clearScreenDown, createInterface, cursorTo, moveCursor } from "node:readline";
import { Writable } from "node:stream";
import { printable } from "@grpc-study/command/printable";
import { lineWriter, type WriteLine } from "../output.ts";
import type { Io } from "../topic.ts";
import { editByGraphemes } from "./graphemes.ts";

/** The lines that the user types, until the end of input. */
export interface Lines extends AsyncIterable<string>, Disposable {
  /** Prints a line above the one that is being typed. */
  readonly write: WriteLine;
  /** `true` if the lines are typed on a terminal. */
  readonly interactive: boolean;
  /** Ends the lines and restores the terminal. */
  close(): void;
}

type Streams = Pick<Io, "stdin" | "stdout">;
type Terminal = Io["stdout"] & { readonly columns?: number };

export function openLines(io: Streams): Lines {
  const terminal = io.stdin.isTTY && io.stdout.isTTY && process.env.TERM !== "dumb";
  return terminal ? openTerminal(io) : openPipe(io);
}

function openPipe({ stdin, stdout }: Streams): Lines {
  const readline = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const close = () => readline.close();
  return {
    [Symbol.asyncIterator]: () => readline[Symbol.asyncIterator](),
    write: lineWriter(stdout),
    interactive: false,
    close,
    [Symbol.dispose]: close,
  };
}

/** Ctrl-E moves to the end of the line that is being typed. */
const toEnd = { ctrl: true, name: "e" };

export function openTerminal({ stdin, stdout }: Streams): Lines {
  const screen = new Screen(stdout);
  const readline = createInterface({ input: stdin, output: screen, terminal: true, prompt: "> ", historySize: 1000 });
  let open = true;

  // To redraw, readline moves up by the number of rows between prompt and cursor at its last
  // drawing. It does not count the rows of pasted text, so this draws once more, hidden, after each
  // input.
  const countRows = () => {
    if (!open) return;
    screen.hidden = true;
    readline.prompt(true);
    screen.hidden = false;
  };
  /** Erases the prompt and the typed line, and leaves the cursor where they began. */
  const erase = () => {
    const { rows } = readline.getCursorPos();
    moveCursor(screen, 0, -rows);
    cursorTo(screen, 0);
    clearScreenDown(screen);
    return rows;
  };
  const close = () => {
    if (!open) return;
    if (readline.line !== "") {
      // The typed text stays on the screen.
      readline.write(null, toEnd);
      screen.write("\n");
    }
    readline.close();
  };

  readline.on("line", () => readline.prompt());
  readline.on("SIGINT", close);
  // After Ctrl-Z and `fg`: readline has paused.
  readline.on("SIGCONT", () => readline.prompt(true));
  readline.on("close", () => {
    open = false;
    stdin.off("data", countRows);
    if (readline.line === "") erase();
  });
  // Added after readline's own listener, so that it runs after readline has handled the input.
  stdin.on("data", countRows);
  readline.prompt();
  editByGraphemes(readline, stdin);

  return {
    [Symbol.asyncIterator]: () => readline[Symbol.asyncIterator](),
    interactive: true,
    write(line) {
      if (!open) {
        screen.write(`${printable(line)}\n`);
        return;
      }
      const rows = erase();
      // readline will move up by these rows.
      screen.write(`${printable(line)}\n${"\n".repeat(rows)}`);
      readline.prompt(true);
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** The output of a terminal. It can be hidden for a while. */
class Screen extends Writable {
  hidden = false;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    terminal.on("resize", () => this.emit("resize"));
  }

  /** readline reads this to know where lines wrap. */
  get columns(): number | undefined {
    return this.#terminal.columns;
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    if (!this.hidden) this.#terminal.write(text);
    done();
  }
}
