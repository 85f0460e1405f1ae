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

/**
 * How many keys a well-formed text has: its colons outside of strings. More than the parsed value has means that JSON.parse
 * dropped duplicates, found without looking at a single key.
 */
export function countKeysOfText(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === colon) {
      count++;
    } else if (char === quote) {
      i = endOfString(text, i);
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
