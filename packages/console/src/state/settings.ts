// The settings of the reader: language, theme, and shortcuts.
import { effect, signal } from "@preact/signals";
import { type Language, language, languages, preferredLanguage } from "../i18n/index.ts";
import { readLocal, writeLocal } from "./local.ts";

export type Theme = "auto" | "light" | "dark";

export const theme = signal<Theme>("auto");

/** Whether `/` and `?` alone are shortcuts: https://www.w3.org/WAI/WCAG22/Understanding/character-key-shortcuts.html */
export const singleKeys = signal(true);

const keys = { language: "grpc-console.language", theme: "grpc-console.theme", singleKeys: "grpc-console.single-keys" } as const;

/** Reads the settings, and applies and stores each change. */
export function startSettings(): void {
  const stored = readLocal(keys.language);
  language.value = stored !== undefined && Object.hasOwn(languages, stored) ? (stored as Language) : preferredLanguage(navigator.languages);
  const storedTheme = readLocal(keys.theme);
  if (storedTheme === "light" || storedTheme === "dark") theme.value = storedTheme;
  singleKeys.value = readLocal(keys.singleKeys) !== "off";
  effect(() => writeLocal(keys.singleKeys, singleKeys.value ? undefined : "off"));
  effect(() => {
    document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
    writeLocal(keys.language, language.value);
  });
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    writeLocal(keys.theme, theme.value);
  });
}
