// Checks for values that users pass in: options, and the arguments of public functions. TypeScript
// finds most mistakes; these checks cover values from JavaScript or from a file. Each error names
// the argument or option, its value, and what is accepted. A wrong type is a TypeError; a value out
// of range is a RangeError.
//
// The entry point `@grpc-study/rpc/checks` is for the packages of this repository, whose versions may
// differ: names and their meaning stay within a minor release.
import { inspect } from "node:util";
import type { DescMessage, DescService } from "@bufbuild/protobuf";

/** The names of all options. The type checker reports a name that is missing. */
export type Names<Options> = { readonly [Name in keyof Options]-?: true };

export function wrongType(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, got ${shown(value)}`);
}

export function outOfRange(name: string, expected: string, value: unknown): RangeError {
  return new RangeError(`${name} must be ${expected}, got ${shown(value)}`);
}

/**
 * Formats a value for an error message. Leaves out the fields of an object, because one may be a
 * secret.
 */
export function shown(value: unknown): string {
  const depth = Array.isArray(value) ? 0 : -1;
  return inspect(value, { depth, maxArrayLength: 3, maxStringLength: 100, breakLength: Number.POSITIVE_INFINITY });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Returns a TypeError if `options` is not an object or has a property that is not in `names`.
 * Returns `undefined` if all options exist.
 */
export function unknownOption(where: string, options: object | undefined, names: object): TypeError | undefined {
  if (options === undefined) return undefined;
  if (!isObject(options)) return new TypeError(`${where} takes an object of options, got ${shown(options)}`);
  for (const name in options) {
    if (!Object.hasOwn(names, name))
      return new TypeError(`${where} has no option "${name}"; the options are ${Object.keys(names).join(", ")}`);
  }
  return undefined;
}

/** @throws TypeError if `options` is not an object, or if it has an option that does not exist. */
export function checkOptionNames(where: string, options: object | undefined, names: object): void {
  const fault = unknownOption(where, options, names);
  if (fault !== undefined) throw fault;
}

/** The same for a function that cannot do without its options. */
export function checkOptions(where: string, options: unknown, names: object): void {
  if (!isObject(options)) throw new TypeError(`${where} takes an object of options, got ${shown(options)}`);
  checkOptionNames(where, options, names);
}

/** Checks an option that may be undefined. Returns the result of the check, or `undefined`. */
export function optional<T>(check: (name: string, value: unknown) => T, name: string, value: unknown): T | undefined {
  return value === undefined ? undefined : check(name, value);
}

/** @throws TypeError if the value is not an object. */
export function checkObject(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw wrongType(name, "an object", value);
  return value as Record<string, unknown>;
}

/** @throws TypeError if the value is not an array. */
export function checkArray(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(name, "an array", value);
  return value;
}

/** @throws TypeError if the value is not a string. */
export function checkString(name: string, value: unknown): string {
  if (typeof value !== "string") throw wrongType(name, "a string", value);
  return value;
}

/** @throws TypeError if the value is not a boolean. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw wrongType(name, "true or false", value);
  return value;
}

/** @throws TypeError if the value is not a function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw wrongType(name, "a function", value);
}

/** @throws TypeError if the value is not an array of functions. */
export function checkFunctions(name: string, values: unknown): void {
  for (const [index, value] of checkArray(name, values).entries()) checkFunction(`${name}[${index}]`, value);
}

/** @throws TypeError if the value is not a number, RangeError if `accepts` returns false. */
export function checkNumber(name: string, expected: string, value: unknown, accepts: (value: number) => boolean): number {
  if (typeof value !== "number") throw wrongType(name, expected, value);
  if (!accepts(value)) throw outOfRange(name, expected, value);
  return value;
}

/**
 * Checks a time in milliseconds. Infinity is allowed.
 * @throws TypeError, RangeError
 */
export function checkTime(name: string, value: unknown): number {
  return checkNumber(name, "a positive number of milliseconds", value, (ms) => ms > 0);
}

/**
 * Checks a count, for example of bytes. Infinity is allowed.
 * @throws TypeError, RangeError
 */
export function checkCount(name: string, value: unknown, least = 1): number {
  return checkNumber(
    name,
    `an integer of at least ${least}, or Infinity`,
    value,
    (count) => count >= least && (Number.isInteger(count) || count === Number.POSITIVE_INFINITY),
  );
}

/** @throws TypeError if the value is not a service descriptor. */
export function checkService(name: string, value: unknown): void {
  if ((value as DescService | undefined | null)?.kind !== "service") throw wrongType(name, "the descriptor of a service", value);
}

/** @throws TypeError if the value is not a message schema. */
export function checkSchema(name: string, value: unknown): void {
  if ((value as DescMessage | undefined | null)?.kind !== "message") throw wrongType(name, "the schema of a message", value);
}
