// The page of the guide "Streaming to a browser", in a browser.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guideProject } from "../examples/guide-project.ts";
import { cannotRun, type Workplace } from "../examples/workplace.ts";
import { startBrowser } from "./chromium.ts";

const { browser, missing } = await startBrowser();
const started = new AsyncDisposableStack();
let workplace: Workplace;

describe.skipIf(missing ?? cannotRun)(missing ?? "docs/guides/live-browser.md", () => {
  beforeAll(async () => {
    if (browser === undefined) return;
    started.defer(() => browser.close());
    // A second between the responses, so that a slow machine sees the first one alone.
    const slower = (text: string) => text.replace("setTimeout(100,", "setTimeout(1_000,");
    workplace = await guideProject(started, ["getting-started", "live-browser"], slower);
  });
  afterAll(() => started.disposeAsync());

  test("shows the responses of the stream one after the other, and does not reconnect", { timeout: 60_000 }, async () => {
    await workplace.keepRunning("node web.ts", "");
    const page = await browser?.newPage();
    if (page === undefined) throw new Error("there is no browser");
    await page.goto(workplace.withActualPorts("http://127.0.0.1:8080/"));
    const items = page.locator("#list li");
    await items.first().waitFor();
    expect(await items.count()).toBeLessThan(3);
    await items.nth(2).waitFor();
    expect(await items.allTextContents()).toEqual(["Hello Mei, 1", "Hello Mei, 2", "Hello Mei, 3"]);
    await expect.poll(() => page.evaluate("events.readyState")).toBe(2); // closed
  });
});
