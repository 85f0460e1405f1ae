// The texts of the page in the language of the reader.
import { signal } from "@preact/signals";
import { en, type Key } from "./en.ts";
import { zh } from "./zh.ts";

export type { Key } from "./en.ts";

export const languages = { en: "English", zh: "中文" } as const;

export type Language = keyof typeof languages;

const texts: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en, zh };

export const language = signal<Language>("en");

/** A text, with values in place of `{0}`, `{1}` and so on. */
export function t(key: Key, ...values: readonly (string | number)[]): string {
  return texts[language.value][key].replace(/\{(\d)\}/g, (_all, index: string) => String(values[Number(index)] ?? ""));
}

/** The language that a browser prefers. */
export function preferredLanguage(preferred: readonly string[]): Language {
  return preferred.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag): tag is Language => Object.hasOwn(languages, tag)) ?? "en";
}
