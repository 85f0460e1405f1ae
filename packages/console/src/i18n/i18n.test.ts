// The texts in both languages.
import { expect, test } from "vitest";
import { en, type Key } from "./en.ts";
import { language, languages, preferredLanguage, t } from "./index.ts";
import { zh } from "./zh.ts";

const keys = Object.keys(en) as Key[];

test("each text has the same values in both languages, and none is empty", () => {
  const values = (text: string) => [...text.matchAll(/\{\d\}/g)].map(String).sort();
  for (const key of keys) {
    expect([key, values(zh[key])]).toEqual([key, values(en[key])]);
    expect(zh[key].trim()).not.toBe("");
  }
});

test("no Chinese text is left in English", () => {
  const same = keys.filter((key) => zh[key] === en[key]);
  expect(same.sort()).toEqual(["callHint", "encodingBase64", "json"]);
});

test("values take the places of their numbers, and are not looked at again", () => {
  expect(t("shownOf", "{1}", "b")).toBe("{1} of b");
  language.value = "zh";
  expect(t("shownOf", 1, 2)).toBe("1 / 2");
  language.value = "en";
});

test.each([
  [["zh-CN", "en"], "zh"],
  [["fr", "zh-TW"], "zh"],
  [["de", "en-GB"], "en"],
  [["fr"], "en"],
  [[], "en"],
])("a browser with %j gets %s", (preferred, expected) => {
  expect(preferredLanguage(preferred)).toBe(expected);
  expect(Object.keys(languages)).toContain(expected);
});
