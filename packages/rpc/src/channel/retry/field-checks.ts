// Checks of configuration, field by field. An error names the field by its path, the value, and what the field takes.
import { inspect } from "node:util";
import { Code, type CodeName } from "../../protocol/code.ts";
import type { CodeSet } from "./policy.ts";

export function wrongType(path: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${path} must be ${expected}, got ${shown(value)}`);
}

export function outOfRange(path: string, expected: string, value: unknown): RangeError {
  return new RangeError(`${path} must be ${expected}, got ${shown(value)}`);
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0, maxArrayLength: 3, maxStringLength: 100, breakLength: Number.POSITIVE_INFINITY });
}

/** @throws TypeError if it is no plain object. */
export function checkObject(path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrongType(path, "an object", value);
  return value as Record<string, unknown>;
}

/** @throws TypeError if it is no array. */
export function checkArray(path: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(path, "an array", value);
  return value;
}

/** @throws TypeError if it is no boolean. */
export function checkBoolean(path: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw wrongType(path, "true or false", value);
  return value;
}

/** @throws TypeError if it is no number, RangeError if `accepts` refuses it. */
export function checkNumber(path: string, expected: string, value: unknown, accepts: (value: number) => boolean): number {
  if (typeof value !== "number") throw wrongType(path, expected, value);
  if (!accepts(value)) throw outOfRange(path, expected, value);
  return value;
}

/** How many attempts a policy may make (gRFC A6, limits on retries and hedges). */
export const mostAttempts = 5;

/** The longest time that Node's timers wait. */
export const longestMs = 2 ** 31 - 1;

/** @throws TypeError or RangeError. @param least the smallest time that is accepted; `exclusive`: all above 0. */
export function checkMs(path: string, value: unknown, zero: boolean): number {
  const expected = zero ? "a number of milliseconds from 0 to 2,147,483,647" : "a number of milliseconds above 0, up to 2,147,483,647";
  return checkNumber(path, expected, value, (ms) => (zero ? ms >= 0 : ms > 0) && ms <= longestMs);
}

/** @throws TypeError or RangeError. */
export function checkMultiplier(path: string, value: unknown): number {
  return checkNumber(path, "a number above 0", value, (factor) => factor > 0 && factor < Number.POSITIVE_INFINITY);
}

/** A code as a name in any case, or as a number. @throws TypeError or RangeError. */
function checkCode(path: string, value: unknown): Code {
  if (typeof value !== "number" && typeof value !== "string") throw wrongType(path, "a status code", value);
  if (typeof value === "number") {
    if (Code[value] === undefined) throw outOfRange(path, "a status code from 0 to 16", value);
    return value as Code;
  }
  const name = value.toUpperCase();
  if (!/^[A-Z_]+$/.test(name) || !Object.hasOwn(Code, name)) throw outOfRange(path, "the name of a status code", value);
  return Code[name as CodeName];
}

/** @throws TypeError or RangeError. */
export function checkCodes(path: string, value: unknown): CodeSet {
  return checkArray(path, value).reduce<number>((codes, each, index) => codes | (1 << checkCode(`${path}[${index}]`, each)), 0);
}
