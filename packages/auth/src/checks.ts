// Checks for values that users pass in. Each error names the option, its value, and what is
// accepted. A wrong type is a TypeError; a value out of range is a RangeError.
import { wrongType } from "@grpc-study/rpc/checks";

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
