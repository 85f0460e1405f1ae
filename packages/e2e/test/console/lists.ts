// Lists and large maps in the form of a request, in a browser.
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./axe.ts";
import { type Kinds, startKinds } from "./kinds.ts";
import { ConsolePage } from "./page.ts";
import { inChromium } from "./shared.ts";

const started = new AsyncDisposableStack();
let kinds: Kinds;

async function open(request: object): Promise<ConsolePage> {
  const view = await ConsolePage.open(kinds.url, "console.test.v1.Kinds/Echo");
  // The text control, which takes a large text at once.
  await view.page.route("**/assets/editor-*", (route) => route.abort());
  await view.write(JSON.stringify(request));
  return view;
}

inChromium("lists", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    kinds = started.use(await startKinds());
  });
  afterAll(() => started.disposeAsync());

  test("items move by buttons and by the keyboard, and keep the focus", async () => {
    await using view = await open({ names: ["a", "b", "c"] });
    await view.openTab(view.request, "Form");
    const values = () =>
      view.page
        .getByRole("textbox", { name: /^names \d+$/ })
        .evaluateAll((all) => all.map((one) => (one as unknown as { value: string }).value));
    await view.page.getByRole("button", { name: "Move up names 2" }).click();
    expect(await values()).toEqual(["b", "a", "c"]);
    await view.page.getByText("names 2 is now 1 of 3").waitFor();
    const item = view.page.getByRole("textbox", { name: "names 1" });
    await item.focus();
    await view.page.keyboard.press("Alt+ArrowDown");
    await view.page.keyboard.press("Alt+ArrowDown");
    await view.page.keyboard.type("!");
    expect(await values()).toEqual(["a", "c", "b!"]);
    await view.page.getByRole("button", { name: "Remove names 1" }).click();
    expect(await values()).toEqual(["c", "b!"]);
    expect([view.errors, view.foreign]).toEqual([[], []]);
  });

  test("a long list and a large map are shown by pages, and each element can be reached", async () => {
    const names = Array.from({ length: 1500 }, (_, index) => (index === 1321 ? 7 : `n${index}`));
    const counts = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, index]));
    await using view = await open({ names, counts });
    await view.openTab(view.request, "Form");
    await view.page.getByText("1–100 of 1500").waitFor();
    expect(await view.page.getByRole("textbox", { name: /^names \d+$/ }).count()).toBe(100);
    // The fault is on a page that is not shown.
    await view.press("1 fault in the request");
    expect(await view.page.evaluate("document.activeElement.value")).toBe("7");
    await view.page.getByRole("spinbutton", { name: "Go to number: names" }).fill("1250");
    await view.page.keyboard.press("Enter");
    await view.page.getByText("1201–1300 of 1500").waitFor();
    expect(await view.page.evaluate("document.activeElement.value")).toBe("n1249");
    await view.page.getByRole("button", { name: "Last page: counts" }).click();
    expect(await view.page.getByLabel("counts k299", { exact: true }).inputValue()).toBe("299");
    await view.press("Add an entry counts");
    await view.page.getByText("301–301 of 301").waitFor();
    expect(await violations(view.page)).toEqual([]);
    expect([view.errors, view.foreign]).toEqual([[], []]);
  });
});
