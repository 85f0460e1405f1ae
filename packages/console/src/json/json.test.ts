// JSON with positions, and changes of values.
import { describe, expect, test } from "vitest";
import { fromBase64, fromHex, toBase64, toHex, toText } from "./bytes.ts";
import { parseSource, print, withItem, withKey, withMovedItem, withoutItem, withoutKeys, withRenamedKey } from "./edit.ts";
import { type JsonNode, JsonSyntaxError, parseJson } from "./parse.ts";

describe("parseJson", () => {
  test.each([
    "null",
    "true",
    " [1, -2.5e3, 0] ",
    '{"a":{"b":[{}, [], ""]},"c":"\\u4e2d\\n\\"\\\\/"}',
    '"单"',
    '{"a":1,"a":2}',
    '{"__proto__":1,"constructor":{}}',
  ])("reads %s as JSON.parse does", (text) => {
    expect(parseJson(text).value).toEqual(JSON.parse(text));
    expect(print(parseJson(text).value)).toBe(JSON.stringify(JSON.parse(text), undefined, 2));
  });

  test.each([
    "",
    "{",
    "[1,]",
    '{"a":1,}',
    "{a:1}",
    "01",
    "1.",
    "+1",
    ".5",
    "'a'",
    '"a',
    '"\n"',
    '"\\x"',
    '"\\u12"',
    "nul",
    "1 2",
    "[1 2]",
    '{"a" 1}',
    "NaN",
    "//",
  ])("rejects %j, as JSON.parse does", (text) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(() => parseJson(text)).toThrow(JsonSyntaxError);
  });

  test("keeps the digits of large integers", () => {
    expect(parseJson("[9007199254740993, 9007199254740991, -18446744073709551615, 1e30]").value).toEqual([
      "9007199254740993",
      9007199254740991,
      "-18446744073709551615",
      1e30,
    ]);
  });

  test("rejects values that are nested too deep, without overflowing the stack", () => {
    expect(() => parseJson("[".repeat(100_000))).toThrow("nested more than 200 deep");
  });

  test("knows where each value and key is", () => {
    const text = '{ "a" : [ 10, {"b":true} ] }';
    const texts: string[] = [];
    const visit = ({ from, to, items = [], members = [] }: JsonNode) => {
      texts.push(text.slice(from, to));
      for (const { keyFrom, keyTo, node } of members) {
        texts.push(text.slice(keyFrom, keyTo));
        visit(node);
      }
      for (const item of items) visit(item);
    };
    visit(parseJson(text));
    expect(texts).toEqual([text, '"a"', '[ 10, {"b":true} ]', "10", '{"b":true}', '"b"', "true"]);
  });

  test("a fault has its position", () => {
    const error = (() => {
      try {
        return parseJson('{"a": tru}');
      } catch (error) {
        return error;
      }
    })();
    expect(error).toMatchObject({ at: 6, message: 'unexpected "t"' });
  });
});

test("numbers that JavaScript writes otherwise keep their text while something else changes", () => {
  const text = '{"z": -0.0, "big": 1e400, "s": {"n": 9007199254740993, "of": [-0, "-0", 12345678901234567890]}, "x": "\\u202e"}';
  const value = parseSource(text).value as { readonly s: { readonly of: readonly number[] } };
  const plain = (json: string) => json.replace(/\s+/g, "");
  expect(plain(print(withKey(value, "x", 1)))).toBe(plain(text).replace('"\\u202e"', "1"));
  const moved = withKey(value, "s", withKey(value.s, "of", withMovedItem(withoutItem(value.s.of, 1), 0, 1)));
  expect(plain(print(withRenamedKey(moved, "z", "y")))).toBe(
    '{"y":-0.0,"big":1e400,"s":{"n":9007199254740993,"of":[12345678901234567890,-0]},"x":"\\u202e"}',
  );
  // A value that has changed is printed as it is now, also twice.
  expect(plain(print(withKey(withKey(value, "big", 1), "z", -0)))).toContain('{"z":-0.0,"big":1,');
  expect(print([-0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBe("[\n  -0,\n  1e400,\n  -1e400\n]");
});

test("changes leave the original as it is, and keys keep their places", () => {
  const value = Object.freeze({ a: 1, b: 2, c: 3 });
  expect(Object.entries(withKey(value, "b", 5) as object)).toEqual([
    ["a", 1],
    ["b", 5],
    ["c", 3],
  ]);
  expect(withKey(value, "b", undefined)).toEqual({ a: 1, c: 3 });
  expect(withKey(undefined, "d", 1)).toEqual({ d: 1 });
  expect(JSON.stringify(withKey({}, "__proto__", 1))).toBe('{"__proto__":1}');
  expect(Object.entries(withRenamedKey(value, "b", "x") as object)).toEqual([
    ["a", 1],
    ["x", 2],
    ["c", 3],
  ]);
  expect(withoutKeys(value, new Set(["a", "c"]))).toEqual({ b: 2 });
  expect(withItem([1, 2], 1, 3)).toEqual([1, 3]);
  expect(withoutItem([1, 2, 3], 1)).toEqual([1, 3]);
  const items = Object.freeze([1, 2, 3]);
  expect([withMovedItem(items, 0, 2), withMovedItem(items, 2, 1)]).toEqual([
    [2, 3, 1],
    [1, 3, 2],
  ]);
});

describe("bytes", () => {
  test("all bytes survive base64 and hex, also many of them", () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
    expect(fromHex(toHex(bytes.subarray(0, 300)))).toEqual(bytes.slice(0, 300));
  });

  test("the URL alphabet is accepted, and other text is not", () => {
    expect(fromBase64("_-8")).toEqual(Uint8Array.of(0xff, 0xef));
    expect(() => fromBase64("a b!")).toThrow(TypeError);
    for (const text of ["0", "0g", "1 2 3"]) expect(() => fromHex(text)).toThrow(TypeError);
    expect(fromHex(" 0A ff")).toEqual(Uint8Array.of(10, 255));
  });

  test("bytes that are not UTF-8 are no text", () => {
    expect(toText(Uint8Array.of(0xff))).toBeUndefined();
    expect(toText(new TextEncoder().encode("单\uFEFF"))).toBe("单\uFEFF");
  });
});
