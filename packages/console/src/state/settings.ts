// The settings of the reader: language and theme. Only they are stored in the browser.
import { effect, signal } from "@preact/signals";
import { type Language, language, languages, preferredLanguage } from "../i18n/index.ts";

export type Theme = "auto" | "light" | "dark";

export const theme = signal<Theme>("auto");

const keys = { language: "grpc-console.language", theme: "grpc-console.theme" } as const;

/** Reads the settings, and applies and stores each change. */
export function startSettings(): void {
  const stored = read(keys.language);
  language.value = stored !== undefined && Object.hasOwn(languages, stored) ? (stored as Language) : preferredLanguage(navigator.languages);
  const storedTheme = read(keys.theme);
  if (storedTheme === "light" || storedTheme === "dark") theme.value = storedTheme;
  effect(() => {
    document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
    write(keys.language, language.value);
  });
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    write(keys.theme, theme.value);
  });
}

/** The storage may be disabled. */
function read(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The setting lasts as long as the page.
  }
}
