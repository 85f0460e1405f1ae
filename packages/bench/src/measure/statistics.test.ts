import { expect, test } from "vitest";
import { geometricMean, interquartileRange, median, medianInterval, quantile, verdictOf } from "./statistics.ts";

test("the median of an even number of values is the mean of the middle two", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([5, 1, 3])).toBe(3);
  expect(median([])).toBeNaN();
});

test("values are sorted as numbers, without changing the caller's array", () => {
  const values = [10, 9, 100, 1];
  expect(median(values)).toBe(9.5);
  expect(values).toEqual([10, 9, 100, 1]);
});

test("a quantile is interpolated between its neighbours", () => {
  expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
  expect(interquartileRange([1, 2, 3, 4, 5])).toEqual([2, 4]);
});

test("in a geometric mean, twice as fast and twice as slow cancel out", () => {
  expect(geometricMean([2, 0.5])).toBeCloseTo(1);
  expect(geometricMean([1, 10, 100])).toBeCloseTo(10);
});

// The table of the sign test's interval: https://en.wikipedia.org/wiki/Sign_test. P(at most k heads
// of n) <= 0.025.
test.each([
  [6, [1, 6]],
  [8, [1, 8]],
  [9, [2, 8]],
  [15, [4, 12]],
  [20, [6, 15]],
])("the interval of the median of %i values is the one of the sign test", (count, expected) => {
  const values = Array.from({ length: count }, (_, i) => i + 1);
  expect(medianInterval(values)).toEqual(expected);
});

test("five values have no interval of the median", () => {
  expect(medianInterval([1, 2, 3, 4, 5])).toBeUndefined();
});

test("few rounds have no winner, however clear they are", () => {
  expect(verdictOf([3, 3, 3, 3, 3])).toBe("unclear");
  expect(verdictOf([3, 3, 3, 3, 3, 3])).toBe("faster");
});

test("there is no winner within the noise", () => {
  expect(verdictOf([1.3, 0.9, 1.2, 1.1, 0.95, 1.25, 0.98])).toBe("unclear");
  expect(verdictOf([1.01, 1.01, 1.01, 1.01, 1.01, 1.01, 1.01])).toBe("unclear");
});

test("one outlier in nine rounds does not hide a winner", () => {
  expect(verdictOf([1.2, 1.3, 1.2, 1.25, 0.5, 1.2, 1.3, 1.2, 1.2])).toBe("faster");
  expect(verdictOf([0.8, 0.7, 0.8, 0.75, 3, 0.8, 0.7, 0.8, 0.8])).toBe("slower");
});
