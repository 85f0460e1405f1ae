// The status codes (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
import { wrongType } from "../checks.ts";

const numbers = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** The name of a status code. */
export type CodeName = keyof typeof numbers;

/** A gRPC status code. */
export type Code = (typeof numbers)[CodeName];

type Codes = typeof numbers & Readonly<Record<Code, CodeName>> & { readonly [number: number]: CodeName | undefined };

/**
 * The gRPC status codes: `Code.NOT_FOUND` is 5, and `Code[5]` is `"NOT_FOUND"`. `Code[n]` is
 * undefined if `n` is not a status code.
 */
export const Code = Object.freeze({
  ...numbers,
  ...Object.fromEntries(Object.entries(numbers).map(([name, number]) => [number, name])),
}) as Codes;

/**
 * Returns the status code for a number that a peer sent, and UNKNOWN for any other number
 * (statuscodes.md).
 *
 * @throws TypeError if the value is not a number.
 */
export function codeFrom(number: number): Code {
  if (typeof number !== "number") throw wrongType("the number of codeFrom()", "a number", number);
  return Code[number] === undefined ? Code.UNKNOWN : (number as Code);
}
