// Parses durations in command-line options. All commands use this parser.
import { InvalidArgumentError } from "commander";

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest delay of Node's timers: 24 days and 20 hours. */
const longestMs = 2 ** 31 - 1;

/**
 * Parses a duration in Go's notation (`500ms`, `1.5s`, `2m`, `1m30s`), or a whole number of
 * milliseconds. Returns milliseconds.
 *
 * @throws InvalidArgumentError unless the result is 1 to 2,147,483,647 milliseconds.
 */
export function parseDuration(text: string): number {
  return parse(text, 1);
}

/**
 * Like `parseDuration`, but also accepts 0.
 *
 * @throws InvalidArgumentError unless the result is 0 to 2,147,483,647 milliseconds.
 */
export function parseDurationOrZero(text: string): number {
  return parse(text, 0);
}

function parse(text: string, lowestMs: number): number {
  const ms = Math.round(/^\d+$/.test(text) ? Number(text) : sumOf(text));
  if (ms >= lowestMs && ms <= longestMs) return ms;
  throw new InvalidArgumentError(
    `It must be a duration like 500ms, 1s or 2m, or a number of milliseconds, from ${lowestMs} to ${longestMs} milliseconds.`,
  );
}

/** Returns NaN unless the text consists of amounts with units only. */
function sumOf(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return Number.NaN;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (milliseconds[unit ?? ""] ?? Number.NaN), 0);
}
