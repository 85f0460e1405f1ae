import { expect, test } from "vitest";
import { parseCount, parseFloat32, parseInt32 } from "./number.ts";

test("an int32 is an integer of 32 bits", () => {
  expect(["0", "-1", "2147483647", "-2147483648"].map(parseInt32)).toEqual([0, -1, 2147483647, -2147483648]);
  for (const text of ["", " ", "abc", "1.5", "1e3", "0x10", "2147483648", "99999999999"]) {
    expect(() => parseInt32(text), text).toThrow("integer of 32 bits");
  }
});

test("a count is an integer from 1 on", () => {
  expect(parseCount("5")).toBe(5);
  for (const text of ["", "0", "-1", "1.5", "1000001"]) expect(() => parseCount(text), text).toThrow("from 1 to 1000000");
});

test("a float is a number that fits 32 bits", () => {
  expect(["20.5", "-1", ".5", "1e3"].map(parseFloat32)).toEqual([20.5, -1, 0.5, 1000]);
  for (const text of ["", "x", "1e39", "Infinity", "NaN", "0x10"]) expect(() => parseFloat32(text), text).toThrow("must be a number");
});
