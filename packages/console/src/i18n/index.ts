// The texts of the page in the language of the reader.
import { signal } from "@preact/signals";
import { en, type Key } from "./en.ts";
import { zh } from "./zh.ts";

export type { Key } from "./en.ts";

export const languages = { en: "English", zh: "中文" } as const;

export type Language = keyof typeof languages;

const texts: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en, zh };

export const language = signal<Language>("en");

/** A text of the page that is kept, to be shown in the language that the reader has then. */
export interface Text {
  readonly key: Key;
  readonly values: readonly Value[];
}

export type Value = string | number | Text;

/**
 * Returns a text, with values in place of `{0}`, `{1}` and so on. `{0|item|items}` is the first word if
 * the value is 1, and else the second.
 */
export type Translate<Name extends string> = (key: Name, ...values: readonly Value[]) => string;

/** The function for the texts of a part of the page that is loaded by itself. */
export function translate<Name extends string>(all: Readonly<Record<Language, Readonly<Record<Name, string>>>>): Translate<Name> {
  return (key, ...values) =>
    all[language.value][key].replace(/\{(\d)(?:\|([^|}]*)\|([^}]*))?\}/g, (_all, index: string, one?: string, many?: string) => {
      const value = values[Number(index)] ?? "";
      if (many !== undefined) return String(value) === "1" ? (one ?? "") : many;
      return typeof value === "object" ? t(value.key, ...value.values) : String(value);
    });
}

/** A text of the page. */
export const t: Translate<Key> = translate(texts);

/** The language that a browser prefers. */
export function preferredLanguage(preferred: readonly string[]): Language {
  return preferred.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag): tag is Language => Object.hasOwn(languages, tag)) ?? "en";
}
