// JSON text to values: what JSON.parse does, with errors for the caller and without its leniency for duplicate keys.
import type { JsonValue } from "@bufbuild/protobuf";
import { JsonError, shown } from "./error.ts";

/** Throws a JsonError that has the position where V8 names it. */
export function parseText(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new JsonError(`malformed JSON: ${reasonOf(thrown)}`);
  }
}

/** V8's messages: `Expected ':' after property name in JSON at position 5 (line 1 column 6)`, `Unexpected token 'x', "{x}" is not valid JSON`. */
function reasonOf(thrown: unknown): string {
  const said = thrown instanceof Error ? thrown.message : "";
  const [, reason, position] = /^(.*?)(?: in JSON)?( at position \d+(?: \(line \d+ column \d+\))?)?$/s.exec(said) ?? [];
  const [, token] = /^Unexpected token '(.+?)', /su.exec(said) ?? [];
  if (token !== undefined) {
    return `unexpected ${shown(token)}`;
  }
  return reason === undefined || reason === "" ? "not JSON" : reason.charAt(0).toLowerCase() + reason.slice(1) + (position ?? "");
}

/** Counts the keys of the objects that were read since it was last set to 0. Reading never waits, so one counter does for all. */
export const seen = { keys: 0 };

/** How many keys the objects of a value have, at any depth. A loop: what is ignored may be deeper than the stack. */
export function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) {
    return 0;
  }
  let count = 0;
  const open: object[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (!Array.isArray(next)) {
      count += Object.keys(next).length;
    }
    for (const item of Object.values(next)) {
      if (typeof item === "object" && item !== null) {
        open.push(item);
      }
    }
  }
  return count;
}

const quote = 34;
const colon = 58;
const backslash = 92;

/** Scratch space for texts of usual length, as UTF-16. */
const scratch = Buffer.from(new ArrayBuffer(131_072));
const scratchUnits = new Uint16Array(scratch.buffer);

/**
 * How many keys a well-formed text has: its colons outside of strings. If the parsed value has fewer, JSON.parse dropped duplicates; so
 * that is found without a look at any key. In an array, which is several times faster to walk over than a string.
 */
export function countKeysOfText(text: string): number {
  const units = text.length <= scratchUnits.length ? scratchUnits : new Uint16Array(text.length);
  const bytes = units === scratchUnits ? scratch : Buffer.from(units.buffer);
  bytes.write(text, "utf16le");
  const { length } = text;
  let count = 0;
  for (let i = 0; i < length; i++) {
    const unit = units[i];
    if (unit === colon) {
      count++;
    } else if (unit === quote) {
      i++;
      for (let inside = units[i]; inside !== quote; inside = units[i]) {
        i += inside === backslash ? 2 : 1;
      }
    }
  }
  return count;
}

/** Where the string that opens at `open` closes. */
function endOfString(text: string, open: number): number {
  let i = open + 1;
  for (let char = text.charCodeAt(i); char !== quote; char = text.charCodeAt(i)) {
    i += char === backslash ? 2 : 1;
  }
  return i;
}

const thenColon = /[ \t\r\n]*:/y;

/** Throws for the first key that stands twice in one object of a well-formed text. */
export function refuseDuplicateKeys(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "{") {
      open.push(new Set());
    } else if (char === "[") {
      open.push(undefined);
    } else if (char === "}" || char === "]") {
      open.pop();
    } else if (char === '"') {
      const end = endOfString(text, i);
      thenColon.lastIndex = end + 1;
      if (thenColon.test(text)) {
        const key: string = JSON.parse(text.slice(i, end + 1));
        const keys = open.at(-1);
        if (keys?.has(key)) {
          throw new JsonError(`duplicate key ${shown(key)}`);
        }
        keys?.add(key);
      }
      i = end;
    }
  }
}
