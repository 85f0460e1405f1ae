// The form of a map in the console, in a browser.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Kinds, startKinds } from "./kinds.ts";
import { ConsolePage } from "./page.ts";
import { inChromium } from "./shared.ts";

const started = new AsyncDisposableStack();
let kinds: Kinds;

inChromium("map", { timeout: 60_000 }, () => {
  beforeAll(async () => {
    kinds = started.use(await startKinds());
  });
  afterAll(() => started.disposeAsync());

  test("an entry keeps its controls and the focus when its key changes, and when an entry before it is removed", async () => {
    await using view = await ConsolePage.open(kinds.url, "console.test.v1.Kinds/Echo");
    const { page } = view;
    for (let entry = 0; entry < 2; entry++) await view.press("Add an entry counts");
    await page.getByLabel("counts key key2", { exact: true }).fill("k");
    // Leaving the key for the value renames the entry.
    await page.keyboard.press("Tab");
    await page.keyboard.type("5");
    const value = page.getByLabel("counts k", { exact: true });
    expect(await value.inputValue()).toContain("5");
    expect(await value.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    const control = await value.elementHandle();
    await page.getByRole("button", { name: "Remove counts key1" }).click();
    expect(await page.getByLabel("counts key k", { exact: true }).inputValue()).toBe("k");
    expect(await value.evaluate((element, before) => element === before, control)).toBe(true);
    expect([view.errors, view.foreign]).toEqual([[], []]);
  });
});
