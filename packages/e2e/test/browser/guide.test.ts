// The page of the guide "Streaming to a browser", in a browser.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf } from "../examples/blocks.ts";
import { cannotRun, ownPorts, Workplace } from "../examples/workplace.ts";
import { e2eFolder, repository } from "../harness/paths.ts";
import { startBrowser } from "./chromium.ts";

const { browser, missing } = await startBrowser();
const started = new AsyncDisposableStack();
let workplace: Workplace;

describe.skipIf(missing ?? cannotRun)(missing ?? "docs/guides/live-browser.md", () => {
  beforeAll(async () => {
    if (browser === undefined) return;
    started.defer(() => browser.close());
    const guides = ["getting-started", "live-browser"].map((name) => readFileSync(join(repository, "docs/guides", `${name}.md`), "utf8"));
    const folder = await mkdtemp(join(e2eFolder, ".examples-"));
    started.defer(() => rm(folder, { recursive: true }));
    workplace = started.use(await Workplace.open(folder, await ownPorts(guides.join("\n"))));
    for (const { file, text } of guides.flatMap(blocksOf)) {
      // A second between the responses, so that a slow machine sees the first one alone.
      if (file !== undefined) await workplace.write(file, text.replace("setTimeout(100,", "setTimeout(1_000,"));
    }
    await workplace.runCommand("npx buf generate", "");
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
