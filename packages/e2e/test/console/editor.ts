// The editor of a request in JSON, in a browser: completion, faults, the keyboard, and the text control without it.
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { violations } from "./axe.ts";
import { type Kinds, startKinds } from "./kinds.ts";
import { ConsolePage, type PageOptions } from "./page.ts";
import { inChromium } from "./shared.ts";

const started = new AsyncDisposableStack();
let kinds: Kinds;

class EditorPage implements AsyncDisposable {
  readonly view: ConsolePage;
  readonly editor: Locator;

  private constructor(view: ConsolePage) {
    this.view = view;
    this.editor = view.page.locator(".cm-content");
  }

  static async open(options: PageOptions = {}, text = ""): Promise<EditorPage> {
    const view = await ConsolePage.open(kinds.url, "console.test.v1.Kinds/Echo", options);
    await view.openTab(view.page.getByRole("region", { name: /Request|请求/ }), "JSON");
    const opened = new EditorPage(view);
    await opened.editor.waitFor();
    await opened.editor.fill(text);
    return opened;
  }

  async [Symbol.asyncDispose]() {
    expect([this.view.errors, this.view.foreign]).toEqual([[], []]);
    await this.view[Symbol.asyncDispose]();
  }

  type(text: string): Promise<void> {
    return this.view.page.keyboard.type(text);
  }

  press(...keys: readonly string[]): Promise<void> {
    return keys.reduce((last, key) => last.then(() => this.view.page.keyboard.press(key)), Promise.resolve());
  }

  /** Waits for a choice, and takes it. */
  async take(label: string): Promise<void> {
    const option = this.view.page.getByRole("option", { name: label }).and(this.view.page.locator("[aria-selected]"));
    await option.waitFor();
    // CodeMirror takes no choice in the first 75 ms, so that a key that was meant for the text takes none.
    await this.view.page.waitForTimeout(100);
    await this.press("Enter");
  }

  async text(): Promise<string> {
    return (await this.editor.locator(".cm-line").allInnerTexts()).map((line) => line.replace(/\n$/, "")).join("\n");
  }

  /** The marked parts of the text, as soon as there are some. */
  async marks(): Promise<readonly string[]> {
    await this.editor.locator(".cm-lintRange-error").first().waitFor();
    return this.editor.locator(".cm-lintRange-error").allInnerTexts();
  }
}

inChromium("editor", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    kinds = started.use(await startKinds());
  });
  afterAll(() => started.disposeAsync());

  test("completes names and values as one types: nested, in lists, maps, oneofs and messages of Google", async () => {
    await using page = await EditorPage.open();
    await page.type('{"col');
    await page.take("colour");
    // The name brought its colon: a reader may type it nevertheless.
    await page.type(': "');
    await page.view.page.getByRole("option", { name: "COLOUR_RED" }).waitFor();
    await page.type("B");
    await page.take("COLOUR_BLUE");
    await page.type(', "bool');
    await page.take("boolValue");
    await page.type("f");
    await page.take("false");
    await page.type(', "chil');
    await page.take("child");
    await page.take("{}");
    await page.take("doubleValue");
    await page.type("1, ");
    await page.type('"notes');
    await page.take("notes");
    await page.take("{}");
    await page.type('"1": ');
    await page.take("{}");
    await page.take("text");
    await page.take('""');
    await page.type("hi");
    expect(JSON.parse(await page.text())).toEqual({
      colour: "COLOUR_BLUE",
      boolValue: false,
      child: { doubleValue: 1, notes: { "1": { text: "hi" } } },
    });
  });

  test("values appear after a colon that the reader types, and in a list", async () => {
    await using page = await EditorPage.open();
    await page.type('{"colour": "');
    await page.take("COLOUR_UNSPECIFIED");
    await page.type(', "children": [{"choiceColour": ');
    await page.take("COLOUR_UNSPECIFIED");
    await page.type(', "any": {');
    await page.take("@type");
    await page.type("Note");
    await page.take("console.test.v1.Note");
    await page.type(', "te');
    await page.take("text");
    await page.take('""');
    expect(JSON.parse(await page.text())).toEqual({
      colour: "COLOUR_UNSPECIFIED",
      children: [{ choiceColour: "COLOUR_UNSPECIFIED", any: { "@type": "type.googleapis.com/console.test.v1.Note", text: "" } }],
    });
  });

  test("marks the very value at fault, and the list below leads to it", async () => {
    await using page = await EditorPage.open({}, '{"int32Value": 5000000000, "names": ["a", 7], "nonsense": 1}');
    expect(await page.marks()).toEqual(["5000000000", "7", '"nonsense"']);
    await page.view.page.getByRole("button", { name: "Go to names.1" }).click();
    await page.type("null");
    expect(await page.text()).toContain('["a", null]');
    await page.editor.fill('{"names": [}');
    // Until the text is checked, old marks move with it.
    await vi.waitFor(async () => expect(await page.marks()).toEqual(["}"]), 10_000);
    await page.editor.fill('{"names": []}');
    await page.editor.locator(".cm-lintRange-error").first().waitFor({ state: "detached" });
  });

  test("has a name, and Escape and Tab leave it; the form and the editor show the same request", async () => {
    await using page = await EditorPage.open({}, '{"stringValue": "a"}');
    const { view } = page;
    const named = view.request.getByRole("textbox", { name: "Request in JSON: console.test.v1.Everything" });
    await named.waitFor();
    // Tab leaves in the two seconds after Escape, which a busy machine may take.
    await vi.waitFor(async () => {
      await page.press("Escape", "Tab");
      expect(await view.page.evaluate("document.activeElement.closest('.editor')")).toBeNull();
    }, 10_000);
    await view.openTab(view.request, "Form");
    await view.page.getByLabel(/^string_value/).fill("b");
    await view.openTab(view.request, "JSON");
    // The editor follows the state after the page has painted.
    await vi.waitFor(async () => expect(JSON.parse(await page.text())).toMatchObject({ stringValue: "b" }));
    await view.press("Reset");
    await vi.waitFor(async () => expect(await page.text()).toContain('"stringValue": ""'));
    await page.editor.press("Control+Enter");
    await view.response.getByText("0 OK").waitFor();
  });

  test.each([
    { colorScheme: "light" as const, locale: "en-US" },
    { colorScheme: "dark" as const, locale: "zh-CN", width: 390, height: 800 },
  ])("violates no rule of WCAG 2.2 AA, with $colorScheme and $locale", async (look) => {
    await using page = await EditorPage.open(look);
    await page.type('{"int32Value": "x", "colour": "');
    await page.view.page.getByRole("option", { name: "COLOUR_RED" }).waitFor();
    expect(await page.marks()).not.toEqual([]);
    expect(await violations(page.view.page)).toEqual([]);
    expect(await page.view.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  });

  test("what one types while it loads stays, with the focus and the cursor", async () => {
    await using view = await ConsolePage.open(kinds.url, "console.test.v1.Kinds/Echo");
    const { page } = view;
    const gate = Promise.withResolvers<void>();
    await page.route("**/assets/editor-*", (route) => gate.promise.then(() => route.continue()));
    await view.openTab(view.request, "JSON");
    await page.locator("textarea").fill('{"int32_value": 3}');
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.type("1");
    gate.resolve();
    await page.locator(".cm-content").waitFor();
    await page.keyboard.type("2");
    expect(await page.locator(".cm-content").textContent()).toBe('{"int32_value": 312}');
  });

  test("a text control takes its place while it cannot load", async () => {
    await using view = await ConsolePage.open(kinds.url, "console.test.v1.Kinds/Say");
    await view.page.route("**/assets/editor-*", (route) => route.abort());
    await view.write('{"text": 5}');
    expect(await view.request.getByRole("textbox").evaluate((element) => element.tagName)).toBe("TEXTAREA");
    await view.page.getByRole("button", { name: "Go to text" }).click();
    await view.page.keyboard.type('"plain"');
    await view.press("Call");
    await view.response.getByText("said plain").first().waitFor();
  });
});
