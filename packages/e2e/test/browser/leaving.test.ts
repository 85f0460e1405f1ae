// Pages that leave while a stream of responses is open: the handler sees the cancellation.
import { Code } from "@grpc-study/rpc";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Front, startFront } from "../gateway/clients/upstream.ts";
import { until } from "../harness/until.ts";
import { startBrowser } from "./chromium.ts";
import { opens, streamCall, streamingClients } from "./open.ts";
import { callInPage, type Pages, servePages } from "./pages.ts";

const started = await startBrowser();
const stack = new AsyncDisposableStack();

let browser: Browser;
let pages: Pages;
let front: Front;

const leaves: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  "navigates away": (page) => page.goto("about:blank"),
  "is closed": (page) => page.close(),
};

describe.skipIf(started.missing)(started.missing ?? "in Chromium", () => {
  beforeAll(async () => {
    if (started.browser === undefined) return;
    browser = started.browser;
    stack.defer(() => browser.close());
    pages = stack.use(await servePages());
    front = stack.use(await startFront({ origins: [pages.origin] }));
  });
  afterAll(() => stack.disposeAsync());

  const openPage = async () => {
    const page = await browser.newPage();
    await page.goto(pages.origin);
    return page;
  };

  describe.each(Object.entries(opens))("a call with %s is cancelled when its page", (how, open) => {
    test.each(Object.entries(leaves))("%s", async (what, leave) => {
      const page = await openPage();
      const name = `wait-${how}-${what}`.replaceAll(/\W/g, "-");
      // It fails when the page leaves.
      open(page, front.url, name).catch(() => {});
      await until(() => front.seen.begun.has(name));
      await leave(page);
      await until(() => front.seen.ended.has(name));
      expect(front.seen.ended.get(name)).toBe(Code.CANCELLED);
      await page.close();
    });
  });

  test.each(streamingClients)("a call with %s is cancelled when the page aborts it", async (client) => {
    const page = await openPage();
    const name = `wait-${client}-abort`.replaceAll(/\W/g, "-");
    const ending = await callInPage(page, streamCall(client, front.url, name, 1));
    expect(ending).toEqual({ responses: [{ data: name }], code: 0, message: "" });
    await until(() => front.seen.ended.has(name));
    expect(front.seen.ended.get(name)).toBe(Code.CANCELLED);
    await page.close();
  });

  test("a call with fetch is cancelled when an AbortController aborts it", async () => {
    const page = await openPage();
    const outcome = await page.evaluate(async (url) => {
      const controller = new AbortController();
      const { body } = await fetch(url, { signal: controller.signal });
      const reader = body?.getReader();
      await reader?.read();
      controller.abort();
      return await reader?.read().catch((error: Error) => error.name);
    }, `${front.url}/v1/streams/wait-abort`);
    expect(outcome).toBe("AbortError");
    await until(() => front.seen.ended.has("wait-abort"));
    expect(front.seen.ended.get("wait-abort")).toBe(Code.CANCELLED);
    await page.close();
  });

  test.each(["EventSource", "WebSocket"])("a call with %s is cancelled by its close()", async (how) => {
    const page = await openPage();
    const name = `wait-close-${how}`;
    await opens[how]?.(page, front.url, name);
    await until(() => front.seen.begun.has(name));
    await page.evaluate(
      (variable) => (globalThis as unknown as Record<string, { close(): void }>)[variable]?.close(),
      how === "WebSocket" ? "socket" : "source",
    );
    await until(() => front.seen.ended.has(name));
    expect(front.seen.ended.get(name)).toBe(Code.CANCELLED);
    await page.close();
  });
});
