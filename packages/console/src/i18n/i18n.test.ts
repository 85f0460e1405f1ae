// The texts in both languages.
import { expect, test } from "vitest";
import { texts as chat } from "../tutorials/chat/texts.ts";
import { texts as push } from "../tutorials/push/texts.ts";
import { texts as shop } from "../tutorials/shop/texts.ts";
import { texts as streams } from "../tutorials/streams/texts.ts";
import { en, type Key } from "./en.ts";
import { language, languages, preferredLanguage, t } from "./index.ts";
import { zh } from "./zh.ts";

const keys = Object.keys(en) as Key[];

/** The texts that are loaded with a part of the page. */
const parts: readonly Readonly<Record<"en" | "zh", Readonly<Record<string, string>>>>[] = [chat, push, shop, streams];

test("each text has the same values in both languages, and none is empty", () => {
  for (const part of parts) expect(Object.keys(part.zh)).toEqual(Object.keys(part.en));
  const pairs = [{ en, zh }, ...parts].flatMap(({ en, zh }) =>
    Object.entries(en).map(([key, text]) => [key, text, Reflect.get(zh, key)] as const),
  );
  const values = (text: string) => [...new Set(text.match(/(?<=\{)\d/g))].sort();
  for (const [key, english, chinese] of pairs) {
    expect([key, values(chinese)]).toEqual([key, values(english)]);
    expect([key, chinese.trim()]).not.toEqual([key, ""]);
  }
});

test("no Chinese text is left in English", () => {
  const same = keys.filter((key) => zh[key] === en[key]);
  expect(same.sort()).toEqual(["callHint", "encodingBase64", "json", "ruleMessage"]);
});

test("values take the places of their numbers, and are not looked at again", () => {
  expect(t("shownOf", "{1}", "b")).toBe("{1} of b");
  language.value = "zh";
  expect(t("shownOf", 1, 2)).toBe("1 / 2");
  language.value = "en";
});

test("a word follows a number, and a text can be in a text", () => {
  expect(t("ruleMinItems", "1")).toBe("at least 1 item");
  expect(t("ruleItems", { key: "ruleMinLength", values: [2] })).toBe("each item: at least 2 characters");
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
