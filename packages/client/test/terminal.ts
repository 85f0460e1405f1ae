// A terminal for tests: the part that readline uses, with characters of two columns.
import { PassThrough, Writable } from "node:stream";

const wide = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

/** The keyboard. A chunk of more than one character is a paste. */
export class Keyboard extends PassThrough {
  readonly isTTY = true;
  raw = false;

  setRawMode(raw: boolean): this {
    this.raw = raw;
    return this;
  }
}

export class Screen extends Writable {
  readonly isTTY = true;
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  readonly columns: number;

  constructor(columns: number) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  /** The rows of the screen, and the position of the cursor. */
  get shown(): { rows: string[]; cursor: [row: number, column: number] } {
    const rows = this.#rows.map((cells) =>
      Array.from(cells, (cell) => cell ?? " ")
        .join("")
        .trimEnd(),
    );
    while (rows.at(-1) === "") rows.pop();
    return { rows, cursor: [this.#row, this.#column] };
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what a terminal reads
    for (const [part, number, command] of text.matchAll(/\x1b\[(\d*)([A-Z])|./gsu)) {
      if (command !== undefined) this.#command(command, number === "" ? undefined : Number(number));
      else this.#print(part);
    }
    done();
  }

  #command(command: string, number: number | undefined): void {
    if (command === "A") this.#row = Math.max(0, this.#row - (number ?? 1));
    else if (command === "B") this.#row += number ?? 1;
    else if (command === "C") this.#column += number ?? 1;
    else if (command === "D") this.#column = Math.max(0, this.#column - (number ?? 1));
    else if (command === "G") this.#column = (number ?? 1) - 1;
    else if (command === "J" && !number) {
      this.#cells.splice(this.#column);
      this.#rows.splice(this.#row + 1);
    } else throw new Error(`the test's terminal does not know ${command}`);
  }

  #print(char: string): void {
    if (char === "\r") this.#column = 0;
    else if (char === "\n") this.#newRow();
    else {
      const width = wide.test(char) ? 2 : 1;
      // The cursor stays at the end of a full row; the next character wraps.
      if (this.#column + width > this.columns) this.#newRow();
      const cells = this.#cells;
      while (cells.length < this.#column) cells.push(" ");
      cells.splice(this.#column, width, char, ...(width === 2 ? [""] : []));
      this.#column += width;
    }
  }

  #newRow(): void {
    this.#row++;
    this.#column = 0;
  }

  get #cells(): string[] {
    while (this.#rows.length <= this.#row) this.#rows.push([]);
    return this.#rows[this.#row] as string[];
  }
}
