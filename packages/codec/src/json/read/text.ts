// JSON text to values: what JSON.parse does, with errors for the caller and without its leniency for duplicate keys.
import type { JsonValue } from "@bufbuild/protobuf";
import { JsonError, shown, TooManyElementsError } from "../error.ts";

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

/**
 * The same, but whole numbers that no double holds are bigints: `{"id":9007199254740993}`. Slower, and so only for texts that need it. May throw a
 * RangeError for deep texts.
 */
export function parseExactly(text: string): JsonValue {
  const parse = JSON.parse as (text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown) => JsonValue;
  return parse(text, (_key, value, { source }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d{16,20}$/.test(source ?? "") ? BigInt(source ?? "") : value,
  );
}

/** Thrown, where `reading.isOwn` but not yet `isExact`, for a number of a 64-bit field that JSON.parse has rounded. */
export const inexact = Symbol("inexact");

/** What holds for the value that is being read. Reading never waits, so one does for all. */
export const reading = {
  /** How many keys the objects had that were read. */
  keys: 0,
  /** Whether the value is the codec's own, fresh from JSON.parse: then its lists and objects may go into messages as they are. */
  isOwn: false,
  /** Whether it is from `parseExactly`. */
  isExact: false,
  /** Whether all strings of the value are known to be well-formed. */
  isWellFormed: false,
  /** How many elements may be made of the value. */
  elementLimit: Number.POSITIVE_INFINITY,
  /** How many of them are left. */
  elementsLeft: Number.POSITIVE_INFINITY,
};

/** Counts elements before they are made. @throws TooManyElementsError */
export function spend(elements: number): void {
  reading.elementsLeft -= elements;
  if (reading.elementsLeft < 0) overspent();
}

export function overspent(): never {
  throw new TooManyElementsError(reading.elementLimit);
}

/**
 * Refuses a text with more objects and lists than elements may be made of it: JSON.parse alone takes 60 bytes of memory for each `{}`.
 *
 * @throws TooManyElementsError
 */
export function checkObjects(text: string, limit: number): void {
  // An object or a list has at least two characters. A short text has too few for a closer look.
  if (text.length / 2 <= limit || count(text, "{") + count(text, "[") <= limit) return;
  let objects = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 34) {
      i = endOfString(text, i);
      // A string without an end: JSON.parse refuses it.
      if (i === -1) return;
    } else if ((char === 123 || char === 91) && ++objects > limit) throw new TooManyElementsError(limit);
  }
}

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

/** How many colons a text has. */
export function countColons(text: string): number {
  return count(text, ":");
}

/** How often a text has a character. A search for one character is the fastest walk over a string that V8 has. */
function count(text: string, char: string): number {
  let found = 0;
  for (let i = text.indexOf(char); i !== -1; i = text.indexOf(char, i + 1)) {
    found++;
  }
  return found;
}

/** Where the string that opens at `open` closes; -1 if it does not. */
function endOfString(text: string, open: number): number {
  let end = text.indexOf('"', open + 1);
  while (end !== -1 && isEscaped(text, end)) {
    end = text.indexOf('"', end + 1);
  }
  return end;
}

/** Whether an odd number of backslashes stands before. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text.charCodeAt(start - 1) === 92) {
    start--;
  }
  return (at - start) % 2 === 1;
}

/** How many keys a well-formed text has: its strings before a colon. */
export function countKeysOfText(text: string): number {
  let count = 0;
  for (let i = text.indexOf('"'); i !== -1; i = text.indexOf('"', i + 1)) {
    i = endOfString(text, i);
    thenColon.lastIndex = i + 1;
    const next = text.charCodeAt(i + 1);
    if (next === 58 || (next <= 32 && thenColon.test(text))) {
      count++;
    }
  }
  return count;
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
