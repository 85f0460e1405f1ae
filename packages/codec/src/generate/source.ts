// Builds generated code. Data of a descriptor enters the code only as a string literal, an integer,
// or a constant that the code refers to by name. A hostile descriptor therefore cannot inject code.

/**
 * Returns a name of a descriptor as a JavaScript string literal. JSON strings are valid JavaScript
 * strings since ES2019.
 */
export function literal(name: string): string {
  return JSON.stringify(name);
}

/** Returns an expression for a property of a message. */
export function propertyOf(object: string, name: string): string {
  return `${object}[${literal(name)}]`;
}

/** Returns a number of a descriptor as a literal. @throws TypeError unless it is an integer. */
export function integer(value: number): string {
  if (!Number.isInteger(value)) throw new TypeError(`${value} is not an integer`);
  return Object.is(value, -0) ? "0" : String(value);
}

/** The text of one function and the constants that it refers to. */
export class Source {
  readonly #constants = new Map<unknown, string>();
  readonly #preparation: string[] = [];
  readonly #lines: string[] = [];

  /** Returns the name of a constant. Equal values share a name. */
  constant(value: unknown): string {
    let name = this.#constants.get(value);
    if (name === undefined) {
      name = `c${this.#constants.size}`;
      this.#constants.set(value, name);
    }
    return name;
  }

  /** Adds lines that run once, before the function is created. */
  prepare(...lines: readonly string[]): void {
    this.#preparation.push(...lines);
  }

  /** Adds lines to the function body. */
  add(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /**
   * Creates the function. Its scope has the constants, the prepared lines, and the properties of
   * `runtime`.
   */
  build<Made>(parameters: string, runtime: Readonly<Record<string, unknown>>): Made {
    return this.buildExpression<Made>(`function (${parameters}) {\n${this.#lines.join("\n")}\n}`, runtime);
  }

  /** Evaluates an expression in the same scope. */
  buildExpression<Made>(expression: string, runtime: Readonly<Record<string, unknown>>): Made {
    // The parentheses make V8 compile the function eagerly, so it is parsed only once.
    const text = [
      '"use strict";',
      `const { ${Object.keys(runtime).join(", ")} } = runtime;`,
      `const [${[...this.#constants.values()].join(", ")}] = constants;`,
      ...this.#preparation,
      `return (${expression});`,
    ].join("\n");
    return new Function("runtime", "constants", text)(runtime, [...this.#constants.keys()]);
  }
}
