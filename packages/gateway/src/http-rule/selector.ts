// Selectors of methods and services, as in google.api.http: a full name, or a prefix with `*`.

/** Whether a selector selects a full name. */
export function selects(selector: string, name: string): boolean {
  return selector === name || (selector.endsWith("*") && name.startsWith(selector.slice(0, -1)));
}

/** Whether a selector selects one of some full names. */
export function selectsAny(selector: string, names: ReadonlySet<string>): boolean {
  return names.has(selector) || (selector.endsWith("*") && [...names].some((name) => selects(selector, name)));
}

/**
 * Values by selector. The time to find a value depends on the number of selectors with `*` only: an
 * API may have a rule for each of thousands of methods.
 */
export class Selectors<Value> {
  readonly #byName = new Map<string, readonly [order: number, value: Value]>();
  readonly #prefixes: (readonly [selector: string, order: number, value: Value])[] = [];
  #order = 0;

  /** Adds a value. Later selectors take precedence. */
  add(selector: string, value: Value): void {
    const order = ++this.#order;
    if (selector.endsWith("*")) this.#prefixes.push([selector, order, value]);
    else this.#byName.set(selector, [order, value]);
  }

  /** The value of the last selector that selects a full name. */
  find(name: string): Value | undefined {
    const exact = this.#byName.get(name);
    const prefix = this.#prefixes.findLast(([selector]) => selects(selector, name));
    if (exact === undefined || prefix === undefined) return exact === undefined ? prefix?.[2] : exact[1];
    return exact[0] > prefix[1] ? exact[1] : prefix[2];
  }
}
