// Parses JSON with the position of each value, so that a fault can be marked in its text.
import { t } from "../i18n/index.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface JsonNode {
  /** The first character, and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly value: JsonValue;
  readonly items?: readonly JsonNode[];
  readonly members?: readonly JsonMember[];
}

export interface JsonMember {
  readonly key: string;
  readonly keyFrom: number;
  readonly keyTo: number;
  readonly node: JsonNode;
}

/** The text is not valid JSON. The message is in the language of the reader. */
export class JsonSyntaxError extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Servers reject deeper messages anyway. */
const maxDepth = 200;

/**
 * Parses a text. An integer that a number cannot represent becomes a string, as protobuf's JSON has it.
 *
 * @throws JsonSyntaxError
 */
export function parseJson(text: string): JsonNode {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonNode {
    const node = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail(t("jsonAfter"));
    return node;
  }

  #value(): JsonNode {
    this.#space();
    const from = this.#at;
    const first = this.#text[from];
    if (first === "{") return this.#nested(() => this.#object());
    if (first === "[") return this.#nested(() => this.#array());
    if (first === '"') return { value: this.#string(), from, to: this.#at };
    const [word] = this.#match(/true|false|null/y) ?? [];
    if (word !== undefined) return { value: JSON.parse(word) as JsonValue, from, to: this.#at };
    const [number] = this.#match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y) ?? [];
    if (number === undefined) return this.#fail(first === undefined ? t("jsonEnd") : t("jsonUnexpected", JSON.stringify(first)));
    const value = Number(number);
    return { value: /^-?\d+$/.test(number) && !Number.isSafeInteger(value) ? number : value, from, to: this.#at };
  }

  #nested(parse: () => JsonNode): JsonNode {
    if (++this.#depth > maxDepth) this.#fail(t("jsonDeep", maxDepth));
    const node = parse();
    this.#depth--;
    return node;
  }

  #object(): JsonNode {
    const from = this.#at++;
    const members: JsonMember[] = [];
    for (;;) {
      this.#space();
      if (members.length === 0 && this.#take("}")) break;
      const keyFrom = this.#at;
      if (this.#text[keyFrom] !== '"') this.#fail(t("jsonName"));
      const key = this.#string();
      const keyTo = this.#at;
      this.#space();
      if (!this.#take(":")) this.#fail(t("jsonExpected", '":"'));
      members.push({ key, keyFrom, keyTo, node: this.#value() });
      this.#space();
      if (this.#take("}")) break;
      if (!this.#take(",")) this.#fail(t("jsonExpectedEither", '","', '"}"'));
    }
    return { from, to: this.#at, value: objectOf(members.map(({ key, node }) => [key, node.value])), members };
  }

  #array(): JsonNode {
    const from = this.#at++;
    const items: JsonNode[] = [];
    for (;;) {
      this.#space();
      if (items.length === 0 && this.#take("]")) break;
      items.push(this.#value());
      this.#space();
      if (this.#take("]")) break;
      if (!this.#take(",")) this.#fail(t("jsonExpectedEither", '","', '"]"'));
    }
    return { from, to: this.#at, value: items.map(({ value }) => value), items };
  }

  #string(): string {
    const from = this.#at;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them
    const match = this.#match(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    if (match === null) return this.#fail(t("jsonString"));
    try {
      return JSON.parse(match[0]) as string;
    } catch {
      return this.#fail(t("jsonString"), from);
    }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    this.#match(/[ \t\r\n]*/y);
  }

  #fail(message: string, at = this.#at): never {
    throw new JsonSyntaxError(message, at);
  }
}

/** An object with these members. A key such as `__proto__` is a key like any other. */
export function objectOf(members: readonly (readonly [string, JsonValue])[]): { readonly [key: string]: JsonValue } {
  return Object.fromEntries(members);
}

/** Whether a value is an object of JSON. */
export function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is an array of JSON. */
export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
