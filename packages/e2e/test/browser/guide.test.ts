// The page of the guide "Streaming to a browser", in a browser.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guideProject } from "../examples/guide-project.ts";
import { cannotRun, type Workplace } from "../examples/workplace.ts";
import { startBrowser } from "./chromium.ts";

const { browser, missing } = await startBrowser();
const started = new AsyncDisposableStack();
let workplace: Workplace;

describe.skipIf(missing ?? cannotRun)(missing ?? "docs/guides/first-week/live-browser.md", () => {
  beforeAll(async () => {
    if (browser === undefined) return;
    started.defer(() => browser.close());
    // A second between the responses, so that a slow machine sees the first one alone.
    const slower = (text: string) =>
      text
        .replace("*sayHelloOften(", "async *sayHelloOften(")
        .replace("i++) yield", "i++, await new Promise((resolve) => setTimeout(resolve, 1_000))) yield");
    workplace = await guideProject(started, ["getting-started", "first-week/live-browser"], slower);
  });
  afterAll(() => started.disposeAsync());

  test("shows the responses of the stream one after the other, and does not reconnect", { timeout: 60_000 }, async () => {
    await workplace.keepRunning("node server.ts", "listening on 127.0.0.1:50051\n");
    await workplace.keepRunning("node web.ts", "");
    const page = await browser?.newPage();
    if (page === undefined) throw new Error("there is no browser");
    await page.goto(workplace.withActualPorts("http://127.0.0.1:8080/"));
    const list = page.locator("pre");
    const lines = ["Hello Mei, 1 of 3\n", "Hello Mei, 2 of 3\n", "Hello Mei, 3 of 3\n"];
    await expect.poll(() => list.textContent()).not.toBe("");
    expect(await list.textContent()).not.toContain(lines[2]);
    await expect.poll(() => list.textContent(), { timeout: 20_000 }).toBe(lines.join(""));
    await expect.poll(() => page.evaluate("events.readyState"), { timeout: 20_000 }).toBe(2); // closed
  });
});
