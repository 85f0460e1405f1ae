import { expect, test } from "vitest";
import { meansOf, summarise } from "./summary.ts";

test("a ratio is the median of the ratios in each round, not the ratio of the medians", () => {
  // The machine is three times slower in the second round, and two times in the third.
  const { ratios } = summarise({ name: "x", unit: "calls/s", better: "more", samples: { rpc: [600, 200, 300], other: [300, 100, 150] } });
  expect(ratios["other"]?.median).toBe(2);
  expect(ratios["other"]?.spread).toEqual([2, 2]);
});

test("above 1, the subject is better, in either direction of the unit", () => {
  const samples = { rpc: [10], other: [20] };
  expect(summarise({ name: "x", unit: "ns", better: "less", samples }).ratios["other"]?.median).toBe(2);
  expect(summarise({ name: "x", unit: "calls/s", better: "more", samples }).ratios["other"]?.median).toBe(0.5);
});

test("the subject has no ratio to itself; ratios can be disabled", () => {
  const samples = { rpc: [10], other: [20] };
  expect(Object.keys(summarise({ name: "x", unit: "ns", better: "less", samples }).ratios)).toEqual(["other"]);
  expect(summarise({ name: "x", unit: "ns", better: "less", ratios: false, samples }).ratios).toEqual({});
});

test("a family has the geometric mean of its ratios, over the messages that a contestant took part in", () => {
  const measure = (name: string, other: number, third?: number) =>
    summarise({
      name,
      unit: "ns",
      better: "less",
      family: "encode",
      samples: { rpc: [1], other: [other], ...(third && { third: [third] }) },
    });
  const means = meansOf([measure("a", 2, 3), measure("b", 8)]);
  expect(means["encode"]?.["other"]).toBeCloseTo(4);
  expect(means["encode"]?.["third"]).toBeCloseTo(3);
});
