// Numbers on the command line.
import { InvalidArgumentError } from "commander";

/**
 * Parses an int32, as the ids of the messages are.
 *
 * @throws InvalidArgumentError if it is none.
 */
export function parseInt32(text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || (value | 0) !== value) {
    throw new InvalidArgumentError("It must be a whole number of 32 bits.");
  }
  return value;
}

/**
 * Parses how many there shall be of something: 1 or more.
 *
 * @throws InvalidArgumentError if it is no such number.
 */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 1_000_000) {
    throw new InvalidArgumentError("It must be a whole number from 1 to 1000000.");
  }
  return value;
}

/**
 * Parses a number that fits a protobuf float.
 *
 * @throws InvalidArgumentError if it is none.
 */
export function parseFloat32(text: string): number {
  const value = Number(text);
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) || !Number.isFinite(Math.fround(value))) {
    throw new InvalidArgumentError("It must be a number.");
  }
  return value;
}
