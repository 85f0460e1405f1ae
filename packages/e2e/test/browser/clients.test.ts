// The clients for pages make every call of the tutorials that they can make, in a browser, from a
// page of another origin.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tutorialCalls } from "../gateway/clients/suite.ts";
import { startTutorials, type Tutorials } from "../gateway/clients/tutorials.ts";
import { webClients } from "../gateway/clients/web.ts";
import { expectEnding } from "../peers/caller.ts";
import { startBrowser } from "./chromium.ts";
import { callInPage, servePages } from "./pages.ts";

const { browser, missing } = await startBrowser();
const started = new AsyncDisposableStack();

let tutorials: Tutorials;
let page: Page;

describe.skipIf(missing)(missing ?? "in Chromium", () => {
  beforeAll(async () => {
    if (browser === undefined) return;
    started.defer(() => browser.close());
    const { origin } = started.use(await servePages());
    tutorials = started.use(await startTutorials(origin));
    page = await browser.newPage();
    await page.goto(origin);
  });
  afterAll(() => started.disposeAsync());

  describe.each(webClients)("$name", ({ name: client, kinds }) => {
    test.each(tutorialCalls.filter(({ method }) => kinds.includes(method.methodKind)))("$topic: $title", async (call) => {
      const { topic, requests, method, take, metadata } = call;
      const path = `${method.parent.typeName}/${method.name}`;
      const ending = await callInPage(page, { client, url: tutorials.urlOf(topic), topic, method: path, requests, take, metadata });
      expectEnding(ending, call);
      if (call.message !== undefined) expect(ending.message).toBe(call.message);
    });
  });
});
