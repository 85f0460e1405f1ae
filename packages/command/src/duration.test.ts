import { InvalidArgumentError } from "commander";
import { expect, test } from "vitest";
import { parseDuration, parseDurationOrZero } from "./duration.ts";

test.each([
  ["5", 5],
  ["1", 1],
  ["1ms", 1],
  ["500ms", 500],
  ["1s", 1000],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1m30s", 90_000],
  ["1h0.5m", 3_630_000],
  ["2147483647", 2 ** 31 - 1],
])("%s is %i milliseconds", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
  expect(parseDurationOrZero(text)).toBe(ms);
});

test.each(["", "-1", "-1s", "1.5", "1e3", "s", "5 s", " 5", "5S", "1d", "soon", "1s2", "2147483648", "600h", "NaN", "Infinity"])(
  "%j is rejected, and the message says what is accepted",
  (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidArgumentError);
    expect(() => parseDurationOrZero(text)).toThrow("a duration like 500ms, 1s or 2m");
  },
);

test.each(["0", "0s", "0ms", "0.4ms"])("parseDuration rejects %s, and parseDurationOrZero returns 0", (text) => {
  expect(() => parseDuration(text)).toThrow("from 1 to");
  expect(parseDurationOrZero(text)).toBe(0);
});
