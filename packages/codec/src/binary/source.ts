// How generated code is put together. Nothing of a descriptor gets into it but numbers that have been looked at, and names as JSON strings.

/** A name of a descriptor, as the literal of a JavaScript string. */
export function literal(name: string): string {
  return JSON.stringify(name);
}

/** A property of a message. */
export function property(object: string, name: string): string {
  return `${object}[${literal(name)}]`;
}

/** A number of a descriptor. */
export function integer(value: number): string {
  if (!Number.isInteger(value)) throw new TypeError(`${value} is not an integer`);
  return Object.is(value, -0) ? "0" : String(value);
}

/**
 * What generated code refers to: values from outside, by an index. A reference to the same value is the same name.
 */
export class References {
  readonly values: unknown[] = [];
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Code that gives the names their values, out of the array called `array`. */
  declare(array: string): string {
    return this.values.length === 0 ? "" : `const [${this.values.map((_, index) => this.#prefix + index).join(", ")}] = ${array};`;
  }

  /** The name of a value in the generated code. */
  name(value: unknown): string {
    let index = this.values.indexOf(value);
    if (index === -1) index = this.values.push(value) - 1;
    return `${this.#prefix}${index}`;
  }
}

/** Makes a function's worth of code into what it returns, with `environment` and nothing else in sight of it but globals. */
export function evaluate<T>(code: string, environment: Readonly<Record<string, unknown>>): T {
  const names = Object.keys(environment);
  const make = new Function(...names, `"use strict";\n${code}`) as (...values: unknown[]) => T;
  return make(...Object.values(environment));
}

/** Is generating code allowed here? Not under --disallow-code-generation-from-strings, for one. */
export function canEvaluate(): boolean {
  try {
    return evaluate<boolean>("return true;", {});
  } catch {
    return false;
  }
}
