// UTF-8 to strings. Short text is put together here, where crossing into native code would cost more than the text does; what is longer, or
// might not be UTF-8, goes to Node.
import { Source } from "../../generate/source.ts";
import { input, refuse } from "./input.ts";

// Node's own, untyped: the documented toString() finds its way to it anew each time.
const { utf8Slice } = Buffer.prototype as unknown as { utf8Slice?: (this: Buffer, start: number, end: number) => string };

const { fromCharCode } = String;
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const loose = new TextDecoder("utf-8", { ignoreBOM: true });

/** ASCII of up to so many bytes is put together here. */
const longestAscii = 24;
/** Other text of up to so many characters: longer strings would be ropes in V8, for they are put together from parts. */
const longestWide = 12;

/** Reads text; throws `refused` if it is no UTF-8. */
export function strictText(at: number, length: number): string {
  return short(at, length) ?? long(at, length, true);
}

/** Reads text, with U+FFFD for what is no UTF-8. */
export function looseText(at: number, length: number): string {
  return short(at, length) ?? long(at, length, false);
}

function long(at: number, length: number, validate: boolean): string {
  const { bytes } = input;
  const text = utf8Slice === undefined ? bytes.toString("utf8", at, at + length) : utf8Slice.call(bytes, at, at + length);
  // Either it was there, or stands for bytes that are no UTF-8. How many it stands for is a matter of taste, so protobuf-es's decoder says.
  if (text.indexOf("\ufffd") === -1) return text;
  const exact = bytes.subarray(at, at + length);
  if (!validate) return loose.decode(exact);
  try {
    return strict.decode(exact);
  } catch {
    refuse();
  }
}

/** Text of a few characters; undefined if it is longer, or anything out of the ordinary. */
function short(at: number, length: number): string | undefined {
  const { bytes } = input;
  if (length <= longestAscii) {
    const text = (ascii[length] ?? asciiOf(length))(bytes, at);
    if (text !== undefined) return text;
  }
  return length <= 3 * longestWide && (length <= longestAscii || (bytes[at] as number) > 0x7f) ? wide(at, length) : undefined;
}

/** By length: what reads so many bytes of ASCII, and returns undefined if they are not. */
const ascii: ((bytes: Buffer, at: number) => string | undefined)[] = [];

/** All bytes as arguments of one call: nothing else makes a string that fast. */
function asciiOf(length: number) {
  const bytes = Array.from({ length }, (_, i) => `b${i}`);
  const source = new Source();
  source.add(...bytes.map((name, i) => `const ${name} = bytes[at + ${i}];`));
  source.add(`return (${["0", ...bytes].join(" | ")}) > 0x7f ? undefined : fromCharCode(${bytes.join(", ")});`);
  const made = source.build<(bytes: Buffer, at: number) => string | undefined>("bytes, at", { fromCharCode });
  ascii[length] = made;
  return made;
}

/** Text of a few characters of up to three bytes each. */
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
        // Too long for what it is, or half of a surrogate pair.
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
