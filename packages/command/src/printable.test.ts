import { expect, test } from "vitest";
import { printable } from "./printable.ts";

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

test.each([
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  ...range(0x202a, 0x202e),
  ...range(0x2066, 0x2069),
  ...[0x2028, 0x2029, 0x061c, 0x200e, 0x200f],
])("U+%# (%i) is escaped, and JSON.parse restores the character", (code) => {
  const char = String.fromCharCode(code);
  const escaped = printable(`a${char}b`);
  expect(escaped).toMatch(/^a\\(u[\da-f]{4}|[bfnrt])b$/);
  expect(JSON.parse(`"${escaped}"`)).toBe(`a${char}b`);
});

test.each(["", "plain", "你好？", "é\u0301", "👨‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\u00a0", "\\n", "العربية"])("%j is unchanged", (text) => {
  expect(printable(text)).toBe(text);
});

test("an escaped JSON document parses to the same value", () => {
  const value = { "k\u0085": ["\u009b2J\u202e", "\n\u2028", 1, null] };
  const text = printable(JSON.stringify(value));
  expect(JSON.parse(text)).toEqual(value);
  expect(text).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
});
