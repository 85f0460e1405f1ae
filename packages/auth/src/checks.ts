// Checks for values that users pass in. Each error names the option, its value, and what is
// accepted. A wrong type is a TypeError; a value out of range is a RangeError.
import { inspect } from "node:util";

/** The names of all options. The type checker reports a name that is missing. */
export type Names<Options> = { readonly [Name in keyof Options]-?: true };

export function wrongType(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, got ${shown(value)}`);
}

/** Formats a value for an error message, without the fields of an object: one may be a secret. */
function shown(value: unknown): string {
  const depth = Array.isArray(value) ? 0 : -1;
  return inspect(value, { depth, maxArrayLength: 3, maxStringLength: 100, breakLength: Number.POSITIVE_INFINITY });
}

/** @throws TypeError if `options` is not an object, or has an option that does not exist. */
export function checkOptions(where: string, options: unknown, names: object): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw wrongType(`the options of ${where}`, "an object", options);
  }
  for (const name in options) {
    if (!Object.hasOwn(names, name)) {
      throw new TypeError(`${where} has no option "${name}"; the options are ${Object.keys(names).join(", ")}`);
    }
  }
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw wrongType(name, "true or false", value);
  return value;
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw wrongType(name, "a function", value);
}

/** Checks a text that is not empty. */
export function checkText(name: string, value: unknown): string {
  if (typeof value !== "string" || value === "") throw wrongType(name, "a string that is not empty", value);
  return value;
}

/** Checks an array with at least one text. */
export function checkTexts(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) throw wrongType(name, "an array of at least one string", value);
  return value.map((text, index) => checkText(`${name}[${index}]`, text));
}

/**
 * Checks a duration in seconds.
 *
 * @throws TypeError, RangeError
 */
export function checkSeconds(name: string, value: unknown, least = 0, most = Number.POSITIVE_INFINITY): number {
  if (typeof value !== "number") throw wrongType(name, "a number of seconds", value);
  if (!(value >= least)) throw new RangeError(`${name} must be at least ${least} seconds, got ${value}`);
  if (value > most) throw new RangeError(`${name} must be at most ${most} seconds, got ${value}`);
  return value;
}
