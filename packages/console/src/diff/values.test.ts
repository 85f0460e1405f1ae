import { expect, test } from "vitest";
import type { JsonValue } from "../json/parse.ts";
import { compared } from "./compared.ts";
import { differences } from "./values.ts";

const print = (before: JsonValue, after: JsonValue) =>
  differences(before, after).map(
    ({ path, before, after }) => `${path.join(".")}: ${JSON.stringify(before) ?? "-"} → ${JSON.stringify(after) ?? "-"}`,
  );

test.each<[JsonValue, JsonValue, string[]]>([
  [{ a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 }, []],
  [{ a: 1 }, { a: "1" }, ['a: 1 → "1"']],
  [{ a: 1 }, { b: null }, ["a: 1 → -", "b: - → null"]],
  [1, { a: 1 }, [': 1 → {"a":1}']],
  [[1, 2, 3], [0, 1, 2, 3], ["0: - → 0"]],
  [[1, 2, 3], [1, 3], ["1: 2 → -"]],
  [{ list: [{ id: 1, n: "a" }, { id: 2 }] }, { list: [{ n: "b", id: 1 }, { id: 2 }] }, ['list.0.n: "a" → "b"']],
  [[{ a: 1 }, { a: 2 }], [{ a: 3 }], ["0.a: 1 → 3", '1: {"a":2} → -']],
  [JSON.parse('{"__proto__": 1}'), {}, ["__proto__: 1 → -"]],
  [{ toString: 1 }, { valueOf: 1 }, ["toString: 1 → -", "valueOf: - → 1"]],
])("%j and %j differ", (before, after, expected) => {
  expect(print(before, after)).toEqual(expected);
});

test("two long arrays that have nothing in common are compared quickly, item by item", () => {
  const items = (from: number) => Array.from({ length: 20_000 }, (_item, index) => from + index);
  expect(differences(items(0), items(100_000))).toHaveLength(20_000);
});

test("only what both answers are known to have is compared", () => {
  const cut = { messages: ["1", "2"], received: 9 };
  const whole = { messages: ["1", "2", "3"], received: 3 };
  expect(compared(cut, whole)).toEqual({ before: ["1", "2"], after: ["1", "2"], of: 9 });
  expect(compared(whole, { messages: [], received: 0 })).toEqual({ before: whole.messages, after: [], of: undefined });
});
