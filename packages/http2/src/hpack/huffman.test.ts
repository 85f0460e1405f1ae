import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { huffmanCodes, huffmanLengths } from "./huffman-code.ts";
import { huffmanDecode, huffmanDecodedBound } from "./huffman-decode.ts";
import { huffmanEncode, huffmanEncodedLength } from "./huffman-encode.ts";

/**
 * Decodes bit by bit as RFC 7541 describes: slow, but independent of the decoder's tables.
 */
function decodeBitByBit(octets: Uint8Array): string | undefined {
  const symbols = new Map(Array.from(huffmanCodes, (code, symbol) => [`${huffmanLengths[symbol]}:${code}`, symbol]));
  let text = "";
  let code = 0;
  let length = 0;
  for (const octet of octets) {
    for (let bit = 7; bit >= 0; bit--) {
      code = ((code << 1) | ((octet >> bit) & 1)) >>> 0;
      const symbol = symbols.get(`${++length}:${code}`);
      if (symbol !== undefined) {
        text += String.fromCharCode(symbol);
        code = 0;
        length = 0;
      }
      if (length >= 30) return undefined;
    }
  }
  return length > 7 || code !== 2 ** length - 1 ? undefined : text;
}

function decode(octets: Uint8Array): string | undefined {
  const output = Buffer.alloc(huffmanDecodedBound(octets.length));
  const length = huffmanDecode(octets, 0, octets.length, output);
  return length < 0 ? undefined : output.toString("latin1", 0, length);
}

function encode(text: string): Buffer {
  const output = Buffer.alloc(huffmanEncodedLength(text));
  expect(huffmanEncode(text, output, 0)).toBe(output.length);
  return output;
}

/** Returns `text` Huffman-coded, followed by the bits `tail`. */
function bits(text: string, tail: string): Buffer {
  let all = "";
  for (const char of text) {
    const symbol = char.charCodeAt(0);
    all += (huffmanCodes[symbol] as number).toString(2).padStart(huffmanLengths[symbol] as number, "0");
  }
  all += tail;
  expect(all.length % 8).toBe(0);
  return Buffer.from((all.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

const octets = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array).toString("latin1"));

describe("Huffman code", () => {
  test("the code equals RFC 7541, Appendix B", () => {
    const code = (symbol: number) => [huffmanCodes[symbol], huffmanLengths[symbol]];
    expect(code(0)).toEqual([0x1ff8, 13]);
    expect(code(10)).toEqual([0x3ffffffc, 30]);
    expect(code(32)).toEqual([0x14, 6]);
    expect(code(48)).toEqual([0x0, 5]);
    expect(code(64)).toEqual([0x1ffa, 13]);
    expect(code(92)).toEqual([0x7fff0, 19]);
    expect(code(128)).toEqual([0xfffe6, 20]);
    expect(code(199)).toEqual([0x1ffffec, 25]);
    expect(code(249)).toEqual([0xffffffe, 28]);
    expect(code(255)).toEqual([0x3ffffee, 26]);
  });

  test("the code is complete: the code lengths, including EOS, fill the code space", () => {
    const filled = huffmanLengths.reduce((sum, length) => sum + 2 ** (30 - length), 1);
    expect(filled).toBe(2 ** 30);
  });

  test("each octet makes a round trip at each bit offset", () => {
    for (let symbol = 0; symbol < 256; symbol++) {
      for (let before = 0; before < 8; before++) {
        const text = `${"0".repeat(before) + String.fromCharCode(symbol)}a`;
        expect(decode(encode(text))).toBe(text);
      }
    }
  });

  test("any string of octets makes a round trip, and the bit-by-bit decoder agrees", () => {
    fc.assert(
      fc.property(octets, (text) => {
        const code = encode(text);
        expect(decode(code)).toBe(text);
        expect(decodeBitByBit(code)).toBe(text);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("any octets decode as with the bit-by-bit decoder, including errors", () => {
    const ones = fc.uint8Array({ maxLength: 6 }).map((head) => Uint8Array.of(...head, 0xff));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 12 }), ones), (code) => {
        expect(decode(code)).toBe(decodeBitByBit(code));
      }),
      { seed: 2, numRuns: 3000 },
    );
  });

  test.each([
    ["no padding at all", bits("00000000", ""), "00000000"],
    ["a padding of seven ones", bits("00B", "1111111"), "00B"],
    ["a padding of one one", bits("B", "1"), "B"],
    ["an empty string", Buffer.alloc(0), ""],
  ])("%s is well-formed", (_, code, text) => {
    expect(decode(code)).toBe(text);
  });

  test.each([
    ["a padding of eight ones", bits("&", "11111111")],
    ["a padding of zeros", bits("0", "000")],
    ["a padding with its last bit zero", bits("0", "110")],
    ["a padding with its first bit zero", bits("a", "011")],
    ["EOS alone", Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ["EOS between symbols", bits("0", `${"1".repeat(30)}00000`)],
    ["a truncated long code", Buffer.from([0xff, 0xff])],
  ])("%s is malformed", (_, code) => {
    expect(decode(code)).toBeUndefined();
  });
});
