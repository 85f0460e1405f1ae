import { expect, test } from "vitest";
import { formatFigure, formatNumber, formatRatio } from "./format.ts";

test.each([
  [0, "0.00"],
  [1.234, "1.23"],
  [9.999, "10.0"],
  [412.4, "412"],
  [999.4, "999"],
  [999.9, "1.00k"],
  [28_417, "28.4k"],
  [410_000, "410k"],
  [1_999_999, "2.00M"],
])("%d is formatted with three digits", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test("a figure has a spread if there are several rounds", () => {
  expect(formatFigure({ median: 1000, spread: [960, 1040], rounds: 9 })).toBe("1.00k ±4 %");
  expect(formatFigure({ median: 1000, spread: [1000, 1000], rounds: 1 })).toBe("1.00k");
});

test("a ratio within the noise is marked", () => {
  expect(formatRatio({ median: 1.3, spread: [1.2, 1.4], verdict: "faster", rounds: [] })).toBe("1.30 ×");
  expect(formatRatio({ median: 1.03, spread: [0.9, 1.1], verdict: "unclear", rounds: [] })).toBe("≈ 1.03 ×");
});
