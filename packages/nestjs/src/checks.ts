// Checks of the values that users pass in. TypeScript finds most mistakes; these are for JavaScript.
import { inspect } from "node:util";

/** The names of all options. The type checker reports a name that is missing. */
export type Names<Options> = { readonly [Name in keyof Options]-?: true };

/** Formats a value without the fields of an object, because one may be a secret. */
export function shown(value: unknown): string {
  const depth = Array.isArray(value) ? 0 : -1;
  return inspect(value, { depth, maxArrayLength: 3, maxStringLength: 100, breakLength: Number.POSITIVE_INFINITY });
}

export function wrongType(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, got ${shown(value)}`);
}

/** @throws TypeError if `options` is not an object, or has an option that does not exist. */
export function checkOptionNames(where: string, options: unknown, names: object): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new TypeError(`${where} takes an object of options, got ${shown(options)}`);
  for (const name in options) {
    if (!Object.hasOwn(names, name))
      throw new TypeError(`${where} has no option "${name}"; the options are ${Object.keys(names).join(", ")}`);
  }
}
