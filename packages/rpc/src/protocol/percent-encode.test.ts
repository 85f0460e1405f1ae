import { expect, test } from "vitest";
import { percentDecode, percentEncode } from "./percent-encode.ts";

test.each([
  ["plain?#&=~", "plain?#&=~"],
  ["100%", "100%25"],
  [" a  b ", "%20a  b%20"],
  ["   ", "%20%20%20"],
  ["", ""],
  ["\n\t\0", "%0A%09%00"],
  ["你😀", "%E4%BD%A0%F0%9F%98%80"],
  ["\ud800x", "%EF%BF%BDx"],
])("%j is sent as %j", (text, encoded) => {
  expect(percentEncode(text)).toBe(encoded);
  expect(percentDecode(encoded)).toBe(text.toWellFormed());
});

test("every code point survives the round trip", () => {
  for (let from = 0; from < 0x11_0000; from += 0x1000) {
    const points = Array.from({ length: 0x1000 }, (_, index) => from + index).filter((point) => point < 0xd800 || point > 0xdfff);
    const text = points.map((point) => String.fromCodePoint(point)).join("");
    const encoded = percentEncode(text);
    expect(encoded).toMatch(/^[!-~]?[ -~]*$/);
    expect(percentDecode(encoded)).toBe(text);
  }
});

test("encoding a text of spaces takes linear time", () => {
  const text = `x${" ".repeat(1_000_000)}y`;
  expect(percentEncode(text)).toBe(text);
});
