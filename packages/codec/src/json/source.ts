// The text of a generated function and the values it closes over. Nothing of a descriptor gets into the text but as a literal.

/** Text for one function; descriptors' names come in by `literal`, everything else by `constant`. */
export class Source {
  readonly #constants: unknown[] = [];
  readonly #preparation: string[] = [];
  readonly #lines: string[] = [];

  /** Lines that run once, before the function is made. */
  prepare(...lines: string[]): void {
    this.#preparation.push(...lines);
  }

  add(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  /** An identifier for a value of any kind. */
  constant(value: unknown): string {
    const known = this.#constants.indexOf(value);
    return `c${known === -1 ? this.#constants.push(value) - 1 : known}`;
  }

  /** Makes the function. `body` may use the constants and, by their names, the functions of `runtime`. */
  build<Made>(parameters: string, runtime: Readonly<Record<string, unknown>>): Made {
    const constants = this.#constants.map((_, i) => `c${i}`);
    const text = [
      '"use strict";',
      `const { ${Object.keys(runtime).join(", ")} } = runtime;`,
      `const [${constants.join(", ")}] = constants;`,
      ...this.#preparation,
      `return function (${parameters}) {`,
      ...this.#lines,
      "};",
    ].join("\n");
    return new Function("runtime", "constants", text)(runtime, this.#constants);
  }
}

/** A string as JavaScript source. JSON's strings are JavaScript's, since ES2019. */
export function literal(text: string): string {
  return JSON.stringify(text);
}

let allowed: boolean | undefined;

/** Whether functions can be made from text here; not with `--disallow-code-generation-from-strings`. */
export function canGenerate(): boolean {
  if (allowed === undefined) {
    try {
      allowed = new Function("return true")() === true;
    } catch {
      allowed = false;
    }
  }
  return allowed;
}
