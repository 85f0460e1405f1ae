// A tab that sleeps while it receives a fast stream: the server waits for it. The system stops the
// tab's process, as it does with a tab in the background of a phone.
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Front, floodBytes, startFront } from "../gateway/clients/upstream.ts";
import { until } from "../harness/until.ts";
import { startBrowser } from "./chromium.ts";
import { opens } from "./open.ts";
import { type Pages, servePages } from "./pages.ts";

const { browser, missing } = await startBrowser();
const stack = new AsyncDisposableStack();

let pages: Pages;
let front: Front;

/** grpc-web is not among them: XMLHttpRequest keeps the whole response in memory. */
const readers = ["fetch", "EventSource", "WebSocket", "connect-web, Connect binary", "connect-web, gRPC-Web binary"];

// The tests stop all tabs of the browser, so they run one after the other.
describe(missing ?? "in Chromium", { skip: missing !== undefined, concurrent: false }, () => {
  beforeAll(async () => {
    if (browser === undefined) return;
    stack.defer(() => browser.close());
    pages = stack.use(await servePages());
    front = stack.use(await startFront({ origins: [pages.origin] }));
  });
  afterAll(() => stack.disposeAsync());

  test.each(readers)("a call with %s waits for the tab, and goes on when the tab does", async (how) => {
    if (browser === undefined) throw new Error(missing);
    const page = await browser.newPage();
    await page.goto(pages.origin);
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    const tabs = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
    expect(tabs).not.toEqual([]);
    const signal = (name: NodeJS.Signals) => {
      for (const pid of tabs) process.kill(pid, name);
    };

    const name = `flood-${how}`.replaceAll(/\W/g, "-");
    const count = () => front.seen.flooded.get(name) ?? 0;
    opens[how]?.(page, front.url, name).catch(() => {});
    await until(() => count() > 50);
    signal("SIGSTOP");
    try {
      const begin = count();
      await until(async () => {
        const before = count();
        await setTimeout(300);
        return count() === before;
      });
      // The buffers of the system, the gateway and the browser's network process hold some MiB.
      expect((count() - begin) * floodBytes).toBeLessThan(64 * 1024 * 1024);
    } finally {
      signal("SIGCONT");
    }
    const stopped = count();
    await until(() => count() > stopped + 20);
    await page.close();
    await until(() => front.seen.ended.has(name));
  });
});
