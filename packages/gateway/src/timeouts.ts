// The time limits of methods.
import type { DescMethod } from "@bufbuild/protobuf";
import { nameOf } from "./http-rule/rule.ts";
import { selects } from "./http-rule/selector.ts";

/** The options that set the time limits of methods, in milliseconds. */
export interface TimeoutOptions {
  readonly timeoutMs?: number | undefined;
  readonly timeouts?: Readonly<Record<string, number>> | undefined;
}

/** The time limit of each method. */
export class MethodTimeouts {
  readonly #defaultMs: number;
  /** The longest selector, which is the most specific one, comes first. */
  readonly #selectors: readonly (readonly [string, number])[];

  /** @throws RangeError if a time limit is not positive, TypeError if it is no number, or for a malformed selector. */
  constructor({ timeoutMs = Number.POSITIVE_INFINITY, timeouts = {} }: TimeoutOptions) {
    this.#defaultMs = checked("timeoutMs", timeoutMs);
    this.#selectors = Object.entries(timeouts)
      .map(([selector, ms]) => [checkedSelector(selector), checked(`timeouts["${selector}"]`, ms)] as const)
      .sort(([one], [other]) => other.length - one.length);
  }

  /** Milliseconds, or Infinity. */
  of(method: DescMethod): number {
    const name = nameOf(method);
    return this.#selectors.find(([selector]) => selects(selector, name))?.[1] ?? this.#defaultMs;
  }

  /** The selectors that select none of the methods: they are likely misspelt. */
  unused(methods: readonly DescMethod[]): string[] {
    const names = methods.map(nameOf);
    return this.#selectors.map(([selector]) => selector).filter((selector) => !names.some((name) => selects(selector, name)));
  }
}

function checked(name: string, ms: number): number {
  if (typeof ms !== "number") throw new TypeError(`${name} must be a number of milliseconds, got ${typeof ms}`);
  if (!(ms > 0)) throw new RangeError(`${name} must be positive, got ${ms}`);
  return ms;
}

function checkedSelector(selector: string): string {
  if (/^(?:\*|[\w.]+\.(?:\w+|\*))$/.test(selector)) return selector;
  throw new TypeError(`timeouts has the key "${selector}", expected pkg.Service.Method, pkg.Service.* or pkg.*`);
}
