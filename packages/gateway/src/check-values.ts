// Checks of values from JavaScript. Each error names the option, its value, and what is accepted. A
// wrong type is a TypeError, a value out of range a RangeError.
import { wrongType } from "@grpc-study/rpc/checks";
import { suggestion } from "./config/suggest.ts";

/** Throws an error if the value is not valid. */
export type Check = (name: string, value: unknown) => void;

/** The longest delay of Node's timers: 24 days and 20 hours. */
export const longestMs = 2 ** 31 - 1;

function typed(type: "boolean" | "string" | "function", expected: string): Check {
  return (name, value) => {
    if (typeof value !== type) throw wrongType(name, expected, value);
  };
}

export const boolean: Check = typed("boolean", "true or false");
export const text: Check = typed("string", "a string");
export const callback: Check = typed("function", "a function");

/** A value that `test` accepts. */
export function matching(expected: string, test: (value: unknown) => boolean): Check {
  return (name, value) => {
    if (!test(value)) throw wrongType(name, expected, value);
  };
}

export function oneOf(...values: readonly unknown[]): Check {
  const names = values.map((value) => JSON.stringify(value));
  return matching(names.length === 1 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`, (value) =>
    values.includes(value),
  );
}

/** A text that a pattern matches. */
export function textLike(expected: string, pattern: RegExp): Check {
  return matching(expected, (value) => typeof value === "string" && pattern.test(value));
}

function numberFrom(expected: string, accepts: (value: number) => boolean): Check {
  return (name, value) => {
    if (typeof value !== "number") throw wrongType(name, expected, value);
    if (!accepts(value)) throw new RangeError(`${name} must be ${expected}, got ${value}`);
  };
}

/** A count, for example of bytes. */
export const count: Check = numberFrom(
  "an integer of at least 1, or Infinity",
  (value) => value >= 1 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY),
);

/** A time in milliseconds that a timer can wait for. */
export const time: Check = numberFrom(`more than 0 and at most ${longestMs} milliseconds`, (value) => value > 0 && value <= longestMs);
export const timeOrZero: Check = numberFrom(`from 0 to ${longestMs} milliseconds`, (value) => value >= 0 && value <= longestMs);

/** Either of two values. The error is that of the second check. */
export function either(accepted: unknown, check: Check): Check {
  return (name, value) => {
    if (value !== accepted) check(name, value);
  };
}

export function listOf(check: Check): Check {
  return (name, value) => {
    if (!Array.isArray(value)) throw wrongType(name, "an array", value);
    for (const [index, item] of value.entries()) check(`${name}[${index}]`, item);
  };
}

/** An object with properties of one type. */
export function recordOf(check: Check): Check {
  return (name, value) => {
    for (const [key, one] of Object.entries(asObject(name, value))) check(`${name}[${JSON.stringify(key)}]`, one);
  };
}

/**
 * An object with certain properties.
 *
 * @param required the properties that must not be undefined.
 */
export function objectOf(checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  return (name, value) => {
    const options = asObject(name, value);
    for (const one of required) if (options[one] === undefined) throw new TypeError(`${dotted(name, one)} is missing`);
    for (const [key, one] of Object.entries(options)) {
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
      if (check === undefined) throw unknownName(name, key, Object.keys(checks));
      if (one !== undefined) check(dotted(name, key), one);
    }
  };
}

/** Options of a function have their own names. */
function dotted(name: string, key: string): string {
  return name.endsWith(")") ? key : `${name}.${key}`;
}

function asObject(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrongType(name, "an object", value);
  return value as Record<string, unknown>;
}

/** The error for a name that does not exist. */
function unknownName(where: string, name: string, names: readonly string[]): TypeError {
  const similar = suggestion(name, names);
  return new TypeError(
    `${where} has no option "${name}": ${similar === undefined ? `the options are ${names.join(", ")}` : `did you mean "${similar}"?`}`,
  );
}
