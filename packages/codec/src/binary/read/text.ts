// Decodes UTF-8. Short text is decoded here, because a call into native code would cost more.
// Longer text, and text that may be malformed, goes to Node.
import { Source } from "../../generate/source.ts";
import { input, reject } from "./input.ts";

// Node's undocumented method: the documented `toString` looks it up on every call.
const { utf8Slice } = Buffer.prototype as unknown as { utf8Slice?: (this: Buffer, start: number, end: number) => string };

const { fromCharCode } = String;
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const loose = new TextDecoder("utf-8", { ignoreBOM: true });

/** The longest ASCII text in bytes that is decoded here. */
const longestAscii = 24;
/**
 * The longest other text in characters. V8 would represent longer concatenated strings as ropes.
 */
const longestWide = 12;

/** Reads text. Throws `malformed` if it is not UTF-8. */
export function strictText(at: number, length: number): string {
  return short(at, length) ?? long(at, length, true);
}

/** Reads text and replaces malformed UTF-8 with U+FFFD. */
export function looseText(at: number, length: number): string {
  return short(at, length) ?? long(at, length, false);
}

function long(at: number, length: number, validate: boolean): string {
  const { bytes } = input;
  const text = utf8Slice === undefined ? bytes.toString("utf8", at, at + length) : utf8Slice.call(bytes, at, at + length);
  // U+FFFD was in the input, or replaces malformed bytes. Decoders differ in how many bytes it
  // replaces, so use the one of protobuf-es.
  if (text.indexOf("\ufffd") === -1) return text;
  const exact = bytes.subarray(at, at + length);
  if (!validate) return loose.decode(exact);
  try {
    return strict.decode(exact);
  } catch {
    reject();
  }
}

/** Decodes short text. Returns `undefined` for text that is longer, malformed or unusual. */
function short(at: number, length: number): string | undefined {
  const { bytes } = input;
  if (length <= longestAscii) {
    const text = (ascii[length] ?? asciiOf(length))(bytes, at);
    if (text !== undefined) return text;
  }
  return length <= 3 * longestWide && (length <= longestAscii || (bytes[at] as number) > 0x7f) ? wide(at, length) : undefined;
}

/** Decoders for ASCII, indexed by length in bytes. They return `undefined` for other text. */
const ascii: ((bytes: Buffer, at: number) => string | undefined)[] = [];

/**
 * Generates a decoder that passes all bytes as arguments of one call, the fastest way to create a
 * string.
 */
function asciiOf(length: number) {
  const bytes = Array.from({ length }, (_, i) => `b${i}`);
  const source = new Source();
  source.add(...bytes.map((name, i) => `const ${name} = bytes[at + ${i}];`));
  source.add(`return (${["0", ...bytes].join(" | ")}) > 0x7f ? undefined : fromCharCode(${bytes.join(", ")});`);
  const made = source.build<(bytes: Buffer, at: number) => string | undefined>("bytes, at", { fromCharCode });
  ascii[length] = made;
  return made;
}

/** Decodes short text with characters of up to three bytes. */
function wide(at: number, length: number): string | undefined {
  const { bytes } = input;
  const end = at + length;
  let text = "";
  let a = 0;
  let b = 0;
  let c = 0;
  let count = 0;
  let p = at;
  while (p < end) {
    let unit = bytes[p++] as number;
    if (unit > 0x7f) {
      if (unit < 0xe0) {
        if (unit < 0xc2 || p >= end) return undefined;
        const second = bytes[p++] as number;
        if ((second & 0xc0) !== 0x80) return undefined;
        unit = ((unit & 0x1f) << 6) | (second & 0x3f);
      } else {
        if (unit > 0xef || p + 1 >= end) return undefined;
        const second = bytes[p++] as number;
        const third = bytes[p++] as number;
        if ((second & 0xc0) !== 0x80 || (third & 0xc0) !== 0x80) return undefined;
        unit = ((unit & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
        // An overlong encoding, or half of a surrogate pair.
        if (unit < 0x800 || (unit & 0xf800) === 0xd800) return undefined;
      }
    }
    switch (count++ & 3) {
      case 0:
        a = unit;
        break;
      case 1:
        b = unit;
        break;
      case 2:
        c = unit;
        break;
      default:
        if (count > longestWide) return undefined;
        text += fromCharCode(a, b, c, unit);
    }
  }
  switch (count & 3) {
    case 3:
      text += fromCharCode(a, b, c);
      break;
    case 2:
      text += fromCharCode(a, b);
      break;
    case 1:
      text += fromCharCode(a);
  }
  return count > longestWide ? undefined : text;
}
