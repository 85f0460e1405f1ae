// The views of the console: languages, themes, widths, the keyboard, and axe on each.
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./axe.ts";
import { type Kinds, startKinds } from "./kinds.ts";
import { ConsolePage, type PageOptions, textOf } from "./page.ts";
import { inChromium } from "./shared.ts";

const started = new AsyncDisposableStack();
let kinds: Kinds;

const open = (method: string, options?: PageOptions) =>
  ConsolePage.open(kinds.url, method === "" ? "" : `console.test.v1.Kinds/${method}`, options);

// Each theme, language and width once: colours do not depend on the width, nor widths on the theme.
const looks = [
  { name: "light", colorScheme: "light", locale: "en-US" },
  { name: "dark, in Chinese, on a phone", colorScheme: "dark", locale: "zh-CN", width: 390, height: 800 },
] as const;

inChromium("views", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    kinds = started.use(await startKinds());
  });
  afterAll(() => started.disposeAsync());

  test.each(looks)("$name, no view violates WCAG 2.2 AA", async ({ name: _, ...look }) => {
    {
      await using home = await open("", look);
      expect(await violations(home.page)).toEqual([]);
    }
    {
      await using form = await open("Echo", look);
      // All parts of the form: an item of each list and map, each message, and bytes.
      for (const label of [
        /^(?:Set|设置) child$/,
        /^(?:Add an item|添加一项) names$/,
        /^(?:Add an entry|添加一个条目) counts$/,
        /^(?:Set|设置) struct$/,
        /^(?:Set|设置) any$/,
      ])
        await form.page.getByRole("button", { name: label }).first().click();
      await form.page.locator("select").filter({ hasText: "choice_text" }).first().selectOption("choice_note");
      await form.page
        .getByLabel(/^int32_value/)
        .first()
        .fill("x");
      expect(await violations(form.page)).toEqual([]);
      // 5 faults at most: a fault may be below the fold, where axe looks, too.
      await form.openTab(form.page.getByRole("region", { name: /Request|请求/ }), "JSON");
      await form.page.locator(".cm-lintRange-error").first().waitFor();
      expect(await violations(form.page)).toEqual([]);
      expect(form.errors).toEqual([]);
    }
    {
      await using stream = await open("Repeat", look);
      await stream.page.getByLabel(/^count/).fill("50");
      await stream.page.keyboard.press("Control+Enter");
      const response = stream.page.getByRole("region", { name: /Response|响应/ });
      await response.getByText("0 OK").waitFor();
      expect(await violations(stream.page)).toEqual([]);
      for (const tab of [/Header|头部/, /Trailer|尾部/, /Times|时间/]) {
        await stream.openTab(response, tab);
        expect(await violations(stream.page, ".response")).toEqual([]);
      }
    }
    {
      await using failed = await open("Say", look);
      await failed.page.getByLabel(/^code/).fill("5");
      await failed.page.keyboard.press("Control+Enter");
      await failed.page.getByText("5 NOT_FOUND").waitFor();
      expect(await violations(failed.page, ".response")).toEqual([]);
    }
  });

  test("the theme and the language are chosen, and kept", async () => {
    await using view = await open("Say");
    const background = () => view.page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(await background()).toBe("rgb(255, 255, 255)");
    await view.page.getByLabel("Theme").selectOption("dark");
    expect(await background()).toBe("rgb(20, 23, 27)");
    await view.page.getByLabel("Language").selectOption("zh");
    await view.page.getByRole("button", { name: "调用", exact: true }).waitFor();
    await view.page.reload();
    await view.page.getByRole("button", { name: "调用", exact: true }).waitFor();
    expect([await background(), await view.page.locator("html").getAttribute("lang")]).toEqual(["rgb(20, 23, 27)", "zh-CN"]);
  });

  test("on a phone, nothing is wider than the screen, and a menu has the services", async () => {
    await using view = await open("Echo", { width: 390, height: 800 });
    const overflow = () => view.page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(await overflow()).toBeLessThanOrEqual(0);
    expect(await view.page.getByRole("link", { name: "Repeat" }).isVisible()).toBe(false);
    await view.page.getByRole("button", { name: "Services" }).click();
    await view.page.getByRole("link", { name: "Repeat" }).click();
    // The hash of the URL changes first.
    await view.page.getByRole("heading", { level: 1, name: /^Repeat/ }).waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
  });

  test("the keyboard alone finds a method, writes a request, calls and cancels", async () => {
    await using view = await open("");
    const { keyboard } = view.page;
    await keyboard.press("/");
    await keyboard.type("count times");
    await keyboard.press("ArrowDown");
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await view.page.getByRole("heading", { level: 1, name: /^Repeat/ }).waitFor();
    const focused = () => view.page.evaluate("document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText");
    for (const [label, text] of [
      [/^text/, "key"],
      [/^count/, "100000"],
      [/^delay_ms/, "50"],
    ] as const) {
      for (let tabs = 0; tabs < 30 && !label.test(String(await focused())); tabs++) await keyboard.press("Tab");
      await keyboard.press("ControlOrMeta+A");
      await keyboard.type(text);
    }
    await keyboard.press("Control+Enter");
    await view.response
      .getByText(/"key 1"/)
      .first()
      .waitFor();
    for (let tabs = 0; tabs < 30 && (await focused()) !== "Cancel"; tabs++) await keyboard.press("Tab");
    await keyboard.press("Space");
    await view.response.getByText("1 CANCELLED").waitFor();
  });

  test("the search finds by name, comment and HTTP path", async () => {
    await using view = await open("");
    const methods = () => view.page.getByRole("navigation").getByRole("link").allInnerTexts();
    const all = (await methods()).length;
    for (const [query, found] of [
      ["kinds/say", ["Say"]],
      ["number of notes", ["Join"]],
      ["/v1/echo", ["Echo"]],
    ] as const) {
      await view.page.getByRole("searchbox").fill(query);
      expect((await methods()).map((text) => text.split("\n").at(-1))).toEqual(found);
    }
    await view.page.getByRole("searchbox").fill("<b>none</b>");
    await view.page.getByText("No method matches “<b>none</b>”.").waitFor();
    await view.page.getByRole("searchbox").fill("");
    expect(await methods()).toHaveLength(all);
  });

  test("a read-only console shows services and calls none", async () => {
    await using own = await startKinds({ console: { readOnly: true } });
    await using view = await ConsolePage.open(own.url, "console.test.v1.Kinds/Say");
    await view.page.getByText("This console is read-only").waitFor();
    expect(await view.page.getByRole("button", { name: "Call", exact: true }).count()).toBe(0);
    await view.page.getByLabel(/^text/).press("Control+Enter");
    await view.page.waitForTimeout(300);
    expect(own.seen.metadata).toEqual([]);
  });

  test("an unknown method of the URL is named, and a gateway that is down can be tried again", async () => {
    await using view = await open("<img src=x>");
    expect(await textOf(view.page.getByRole("alert"))).toContain("<img src=x>");
    await view.page.route("**/config.json", (route) => route.abort());
    await view.page.reload();
    await view.page.getByRole("alert").waitFor();
    await view.page.unroute("**/config.json");
    await view.press("Retry");
    await view.page.getByText(/1 services, 7 methods/).waitFor();
  });
});
