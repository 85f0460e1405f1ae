// Parses JSON text. Unlike JSON.parse, it rejects duplicate keys and throws errors that are safe
// for the caller.
import type { JsonValue } from "@bufbuild/protobuf";
import { JsonError, shown, TooManyElementsError } from "../error.ts";

/** Parses JSON text. Throws a JsonError with the position if V8 reports it. */
export function parseText(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new JsonError(`malformed JSON: ${reasonOf(thrown)}`);
  }
}

/**
 * V8's messages: `Expected ':' after property name in JSON at position 5 (line 1 column 6)`,
 * `Unexpected token 'x', "{x}" is not valid JSON`.
 */
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
 * Like `parseText`, but returns integers that a double cannot represent as bigints:
 * `{"id":9007199254740993}`. It is slower, so it is used only when needed. Throws a RangeError for
 * deeply nested text.
 */
export function parseExactly(text: string): JsonValue {
  const parse = JSON.parse as (text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown) => JsonValue;
  return parse(text, (_key, value, { source }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d{16,20}$/.test(source ?? "") ? BigInt(source ?? "") : value,
  );
}

/** Thrown if JSON.parse has rounded the number of a 64-bit field, unless `isExact` is set. */
export const inexact = Symbol("inexact");

/** The state of the current read. One object is enough, because reading is synchronous. */
export const reading = {
  /** The number of object keys that were read. */
  keys: 0,
  /**
   * `true` if the value comes fresh from JSON.parse: its lists and objects may become part of
   * messages.
   */
  isOwn: false,
  /** `true` if the value comes from `parseExactly`. */
  isExact: false,
  /** `true` if all strings of the value are known to be well-formed. */
  isWellFormed: false,
  /** The maximum number of elements in the value. */
  elementLimit: Number.POSITIVE_INFINITY,
  /** The number of elements left. */
  elementsLeft: Number.POSITIVE_INFINITY,
};

/** Counts elements before they are created. @throws TooManyElementsError */
export function spend(elements: number): void {
  reading.elementsLeft -= elements;
  if (reading.elementsLeft < 0) overspent();
}

export function overspent(): never {
  throw new TooManyElementsError(reading.elementLimit);
}

/**
 * Rejects text with more objects and lists than the element limit allows. JSON.parse alone takes 60
 * bytes of memory for each `{}`.
 *
 * @throws TooManyElementsError
 */
export function checkObjects(text: string, limit: number): void {
  // An object or list has at least two characters, so short texts pass without a scan.
  if (text.length / 2 <= limit || count(text, "{") + count(text, "[") <= limit) return;
  let objects = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 34) {
      i = endOfString(text, i);
      // JSON.parse rejects an unterminated string.
      if (i === -1) return;
    } else if ((char === 123 || char === 91) && ++objects > limit) throw new TooManyElementsError(limit);
  }
}

/**
 * Returns the number of object keys in a value, at any depth. Uses a loop, because ignored values
 * may be nested deeper than the stack allows.
 */
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

/** Returns the number of colons in a text. */
export function countColons(text: string): number {
  return count(text, ":");
}

/** Counts a character. `indexOf` for one character is V8's fastest way to scan a string. */
function count(text: string, char: string): number {
  let found = 0;
  for (let i = text.indexOf(char); i !== -1; i = text.indexOf(char, i + 1)) {
    found++;
  }
  return found;
}

/** Returns the position of the closing quote, or -1 if there is none. */
function endOfString(text: string, open: number): number {
  let end = text.indexOf('"', open + 1);
  while (end !== -1 && isEscaped(text, end)) {
    end = text.indexOf('"', end + 1);
  }
  return end;
}

/** `true` if an odd number of backslashes precedes the position. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text.charCodeAt(start - 1) === 92) {
    start--;
  }
  return (at - start) % 2 === 1;
}

/** Returns the number of keys in well-formed JSON text: its strings before a colon. */
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

/** Throws a JsonError for the first duplicate key within an object of well-formed JSON text. */
export function rejectDuplicateKeys(text: string): void {
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
