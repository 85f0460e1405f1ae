// Numbers on the command line.
import { InvalidArgumentError } from "commander";

/**
 * Parses an int32, the type of the messages' ids.
 *
 * @throws InvalidArgumentError if the text is not an int32.
 */
export function parseInt32(text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || (value | 0) !== value) {
    throw new InvalidArgumentError("It must be an integer of 32 bits.");
  }
  return value;
}

/**
 * Parses a count from 1 to 1,000,000.
 *
 * @throws InvalidArgumentError if the text is not such a number.
 */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 1_000_000) {
    throw new InvalidArgumentError("It must be an integer from 1 to 1000000.");
  }
  return value;
}

/**
 * Parses a position: an integer from 0 to 2^63 - 1.
 *
 * @throws InvalidArgumentError if the text is not such a number.
 */
export function parsePosition(text: string): bigint {
  const value = /^\d{1,19}$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value >= 2n ** 63n) throw new InvalidArgumentError("It must be an integer from 0 to 9223372036854775807.");
  return value;
}

/**
 * Parses a number that fits a protobuf float.
 *
 * @throws InvalidArgumentError if the text is not such a number.
 */
export function parseFloat32(text: string): number {
  const value = Number(text);
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) || !Number.isFinite(Math.fround(value))) {
    throw new InvalidArgumentError("It must be a number.");
  }
  return value;
}
