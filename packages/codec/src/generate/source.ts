// How generated code is put together. What a descriptor says gets into the code as a string literal, as an integer, or as a constant that the
// code refers to by name; so a hostile descriptor is data in it, never code.

/** A name of a descriptor as a JavaScript string literal. Strings of JSON are strings of JavaScript since ES2019. */
export function literal(name: string): string {
  return JSON.stringify(name);
}

/** A property of a message, as an expression. */
export function propertyOf(object: string, name: string): string {
  return `${object}[${literal(name)}]`;
}

/** A number of a descriptor. */
export function integer(value: number): string {
  if (!Number.isInteger(value)) throw new TypeError(`${value} is not an integer`);
  return Object.is(value, -0) ? "0" : String(value);
}

/** The text of one function, and the constants that it refers to. */
export class Source {
  readonly #constants = new Map<unknown, string>();
  readonly #preparation: string[] = [];
  readonly #lines: string[] = [];

  /** The name of a constant. The same value has the same name. */
  constant(value: unknown): string {
    let name = this.#constants.get(value);
    if (name === undefined) {
      name = `c${this.#constants.size}`;
      this.#constants.set(value, name);
    }
    return name;
  }

  /** Adds lines that run once, before the function is made. */
  prepare(...lines: readonly string[]): void {
    this.#preparation.push(...lines);
  }

  /** Adds lines of the function. */
  add(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /** Makes the function. It sees its constants, what was prepared, and `runtime` by the names of its properties. */
  build<Made>(parameters: string, runtime: Readonly<Record<string, unknown>>): Made {
    return this.buildExpression<Made>(`function (${parameters}) {\n${this.#lines.join("\n")}\n}`, runtime);
  }

  /** Makes the value of an expression, which sees the same. */
  buildExpression<Made>(expression: string, runtime: Readonly<Record<string, unknown>>): Made {
    // The parentheses tell V8 that the function is called soon: it is parsed once, not twice.
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
