// Where the chat's lines come from and its answers go: a terminal, where both share the screen, or pipes.
import { clearScreenDown, createInterface, cursorTo, moveCursor } from "node:readline";
import { Writable } from "node:stream";
import { printable } from "@grpc-study/command/printable";
import { lineWriter, type WriteLine } from "../output.ts";
import type { Io } from "../topic.ts";
import { editByGraphemes } from "./graphemes.ts";

/** The lines that the user types, until the end of input. */
export interface Lines extends AsyncIterable<string>, Disposable {
  /** Prints a line, never in the middle of the one that is being typed. */
  readonly write: WriteLine;
  /** Whether somebody types the lines on a terminal. */
  readonly interactive: boolean;
  /** Ends the lines and gives the terminal back. */
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

/** Ctrl-E, which moves to the end of the line that is being typed. */
const toEnd = { ctrl: true, name: "e" };

export function openTerminal({ stdin, stdout }: Streams): Lines {
  const screen = new Screen(stdout);
  const readline = createInterface({ input: stdin, output: screen, terminal: true, prompt: "> ", historySize: 1000 });
  let open = true;

  // To redraw, readline goes up as many rows as the cursor was below the prompt when it last drew; but it does not count the rows of
  // what is pasted. Drawing unseen after each input sets that right.
  const countRows = () => {
    if (!open) return;
    screen.hidden = true;
    readline.prompt(true);
    screen.hidden = false;
  };
  /** Takes the prompt and the typed line off the screen, and leaves the cursor where they began. */
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
      // What was typed stays on the screen.
      readline.write(null, toEnd);
      screen.write("\n");
    }
    readline.close();
  };

  readline.on("line", () => readline.prompt());
  readline.on("SIGINT", close);
  // Back from Ctrl-Z: readline has paused.
  readline.on("SIGCONT", () => readline.prompt(true));
  readline.on("close", () => {
    open = false;
    stdin.off("data", countRows);
    if (readline.line === "") erase();
  });
  // After readline's own listener, and so after what that did with the input.
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
      // The rows that readline will go up.
      screen.write(`${printable(line)}\n${"\n".repeat(rows)}`);
      readline.prompt(true);
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** A terminal's output that can be hidden for a while. */
class Screen extends Writable {
  hidden = false;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    terminal.on("resize", () => this.emit("resize"));
  }

  /** Where lines wrap: readline asks. */
  get columns(): number | undefined {
    return this.#terminal.columns;
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    if (!this.hidden) this.#terminal.write(text);
    done();
  }
}
