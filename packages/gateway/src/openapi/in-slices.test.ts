import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { atOnce, inSlices, jsonSteps } from "./in-slices.ts";

test("steps of JSON give the text of JSON.stringify, at every depth", () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(object, fc.integer({ min: 0, max: 5 }), (value, depth) => {
      expect(atOnce(jsonSteps(value, depth)).toString()).toBe(JSON.stringify(value));
    }),
  );
});

test("members without a value are left out, and long texts are whole", () => {
  const value = { a: undefined, b: { c: undefined }, d: "数".repeat(200_000) };
  expect(atOnce(jsonSteps(value, 2)).toString()).toBe(JSON.stringify(value));
});

test("work in slices lets other work run", async () => {
  let turns = 0;
  let isOver = false;
  const other = (async () => {
    while (!isOver) {
      await nextTurn();
      turns++;
    }
  })();
  const busy = function* (): Generator<void, number, void> {
    const end = performance.now() + 200;
    while (performance.now() < end) yield;
    return 7;
  };
  expect(await inSlices(busy())).toBe(7);
  isOver = true;
  await other;
  expect(turns).toBeGreaterThan(3);
});
