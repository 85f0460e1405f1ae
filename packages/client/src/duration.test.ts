import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

test.each([
  ["500ms", 500],
  ["1s", 1000],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["1m30s", 90_000],
])("%s is %d milliseconds", (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each(["", "5", "s", "1 s", "-1s", "1d", "1sx", "x1s", "1.s", "0s", "0.4ms", "1e3s", `${"9".repeat(400)}h`])(
  "'%s' is no duration",
  (text) => {
    expect(() => parseDuration(text)).toThrow("like 500ms, 1s or 2m");
  },
);
