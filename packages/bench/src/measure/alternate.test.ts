import { expect, test } from "vitest";
import { alternate } from "./alternate.ts";

test("contestants take turns, in reverse order every other round", async () => {
  const turns: string[] = [];
  const take = (name: string) => () => turns.push(name);
  const samples = await alternate({ a: take("a"), b: take("b"), c: take("c") }, 3);
  expect(turns.join("")).toBe("abccbaabc");
  expect(samples).toEqual({ a: [1, 6, 7], b: [2, 5, 8], c: [3, 4, 9] });
});
