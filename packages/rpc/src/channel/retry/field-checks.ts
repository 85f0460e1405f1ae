// Checks that only retry options need: codes, attempts and times. Errors name the field by its
// path.
import { checkArray, checkNumber, outOfRange, wrongType } from "../../checks.ts";
import { Code, type CodeName } from "../../protocol/code.ts";
import type { CodeSet } from "./policy.ts";

/** The largest number of attempts of a policy (gRFC A6, limits on retries and hedges). */
export const attemptLimit = 5;

/** The longest delay of Node's timers, in milliseconds. */
export const longestMs = 2 ** 31 - 1;

/**
 * @param allowZero whether 0 is valid.
 * @throws TypeError or RangeError.
 */
export function checkMs(path: string, value: unknown, allowZero: boolean): number {
  const expected = allowZero ? "a number of milliseconds from 0 to 2,147,483,647" : "a number of milliseconds above 0, up to 2,147,483,647";
  return checkNumber(path, expected, value, (ms) => (allowZero ? ms >= 0 : ms > 0) && ms <= longestMs);
}

/** @throws TypeError or RangeError. */
export function checkMultiplier(path: string, value: unknown): number {
  return checkNumber(path, "a number above 0", value, (factor) => factor > 0 && factor < Number.POSITIVE_INFINITY);
}

/**
 * @param value a status code, as a number or as a name in any case.
 * @throws TypeError or RangeError.
 */
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
