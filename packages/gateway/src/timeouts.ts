// The time limits of methods.
import type { DescMethod } from "@bufbuild/protobuf";
import { longestMs } from "./check-values.ts";
import { nameOf } from "./http-rule/rule.ts";
import { Selectors, selectsAny } from "./http-rule/selector.ts";

/** The options that set the time limits of methods, in milliseconds. */
export interface TimeoutOptions {
  readonly timeoutMs?: number | undefined;
  readonly timeouts?: Readonly<Record<string, number>> | undefined;
}

/** The time limit of each method. */
export class MethodTimeouts {
  readonly #defaultMs: number;
  readonly #selectors: readonly string[];
  readonly #limits = new Selectors<number>();

  /** @throws RangeError if a time limit is not positive, TypeError if it is no number, or for a malformed selector. */
  constructor({ timeoutMs = Number.POSITIVE_INFINITY, timeouts = {} }: TimeoutOptions) {
    this.#defaultMs = checked("timeoutMs", timeoutMs);
    // The longest selector is the most specific one, and takes precedence.
    this.#selectors = Object.keys(timeouts).sort((one, other) => one.length - other.length);
    for (const selector of this.#selectors) {
      this.#limits.add(checkedSelector(selector), checked(`timeouts["${selector}"]`, timeouts[selector]));
    }
  }

  /** Milliseconds, or Infinity. */
  of(method: DescMethod): number {
    return this.#limits.find(nameOf(method)) ?? this.#defaultMs;
  }

  /** The selectors that select none of the methods: they are likely misspelt. */
  unused(methods: readonly DescMethod[]): string[] {
    const names = new Set(methods.map(nameOf));
    return this.#selectors.filter((selector) => !selectsAny(selector, names));
  }
}

function checked(name: string, ms: number | undefined): number {
  if (typeof ms !== "number") throw new TypeError(`${name} must be a number of milliseconds, got ${typeof ms}`);
  if (!(ms > 0)) throw new RangeError(`${name} must be positive, got ${ms}`);
  if (ms > longestMs && ms !== Number.POSITIVE_INFINITY)
    throw new RangeError(`${name} must be at most ${longestMs} or Infinity, got ${ms}`);
  return ms;
}

function checkedSelector(selector: string): string {
  if (/^(?:\*|[\w.]+\.(?:\w+|\*))$/.test(selector)) return selector;
  throw new TypeError(`timeouts has the key "${selector}", expected pkg.Service.Method, pkg.Service.* or pkg.*`);
}
