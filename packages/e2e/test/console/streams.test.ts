// Long streams in the console: 100,000 messages without a stutter, and everything that reads them meanwhile.
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startBrowser } from "../browser/chromium.ts";
import { type Kinds, startKinds } from "./kinds.ts";
import { ConsolePage } from "./page.ts";

const { browser, missing } = await startBrowser();
const started = new AsyncDisposableStack();
let kinds: Kinds;

const open = (method: string) => ConsolePage.open(browser as Browser, kinds.url, `console.test.v1.Kinds/${method}`);

const messages = 100_000;

/** Starts a stream of messages. */
async function begin(view: ConsolePage): Promise<void> {
  await view.write(JSON.stringify({ text: "tick", count: messages }));
  await view.press("Call");
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/**
 * The tasks of the page while `run` runs, in milliseconds of the processor, longest first. Their duration
 * by the clock would depend on what else the machine does.
 */
async function tasksOf(page: Page, run: () => Promise<void>): Promise<number[]> {
  await (browser as Browser).startTracing(page, { categories: ["toplevel"] });
  await run();
  const trace = JSON.parse((await (browser as Browser).stopTracing()).toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const id = ({ pid, tid }: TraceEvent) => `${pid}:${tid}`;
  const mains = new Set(trace.traceEvents.filter(({ args }) => args?.name === "CrRendererMain").map(id));
  const tasks = trace.traceEvents.filter((event) => event.name.endsWith("RunTask") && mains.has(id(event)));
  return tasks.map(({ tdur = 0 }) => tdur / 1000).sort((one, other) => other - one);
}

const list = (view: ConsolePage) => view.response.getByRole("region", { name: "Messages" });
const pressed = (view: ConsolePage) => list(view).locator("[aria-pressed=true]");
/** The number in the name of the tab. */
const countOf = async (view: ConsolePage) =>
  Number(/\d+/.exec((await view.response.getByRole("tab", { name: /^Messages/ }).textContent()) ?? "")?.[0] ?? 0);
const received = (view: ConsolePage, count: number) => view.response.getByRole("tab", { name: `Messages (${count})`, exact: true });

describe.skipIf(missing)(missing ?? "in Chromium", { timeout: 180_000, concurrent: false }, () => {
  beforeAll(async () => {
    if (browser !== undefined) started.defer(() => browser.close());
    kinds = started.use(await startKinds());
  });
  afterAll(() => started.disposeAsync());

  test("100,000 messages arrive without a long task, and few lines are in the page", async () => {
    await using view = await open("Repeat");
    const tasks = await tasksOf(view.page, async () => {
      await begin(view);
      await received(view, messages).waitFor({ timeout: 120_000 });
      await view.response.getByText("0 OK").waitFor({ timeout: 120_000 });
    });
    // Tasks of 50 ms are what browsers call long. Most are far shorter: see `slices.ts`.
    expect(tasks.length).toBeGreaterThan(10);
    expect(tasks[0]).toBeLessThan(150);
    expect(tasks.filter((ms) => ms > 50).length).toBeLessThanOrEqual(3);
    expect(await received(view, messages).count()).toBe(1);
    expect(await list(view).getByRole("listitem").count()).toBeLessThan(60);
    // The list has followed the stream.
    await list(view).getByText(/^end$/).waitFor();

    await list(view).focus();
    await view.page.keyboard.press("Home");
    await vi.waitFor(async () => expect(await pressed(view).textContent()).toContain("sent"));
    for (const key of ["ArrowDown", "PageDown", "End", "ArrowUp"]) await view.page.keyboard.press(key);
    await vi.waitFor(async () => expect(await pressed(view).textContent()).toContain(`"tick ${messages - 1}"`));
    await view.response
      .getByText(`"tick ${messages - 1}"`)
      .last()
      .waitFor();
    expect(
      await pressed(view).evaluate(
        (line: unknown) => line === (globalThis as { document?: { activeElement: unknown } }).document?.activeElement,
      ),
    ).toBe(true);
    const downloading = view.page.waitForEvent("download");
    await view.press("Export");
    const lines = (await readFile(await (await downloading).path(), "utf8")).trimEnd().split("\n");
    expect(lines.length).toBe(messages + 4);
    expect(JSON.parse(lines[messages + 2] as string)).toMatchObject({ kind: "message", message: { text: `tick ${messages}` } });
    expect(view.errors).toEqual([]);
  });

  test("a bidirectional stream arrives without a long task, and the buttons work meanwhile", async () => {
    await using view = await open("Talk");
    // Playwright gets each frame of a WebSocket as an event of its own, so that more would take minutes.
    const answers = 3_000;
    await view.write(JSON.stringify({ text: "tick", answers }));
    const tasks = await tasksOf(view.page, async () => {
      await view.press("Send message");
      await received(view, answers).waitFor({ timeout: 60_000 });
    });
    expect(tasks.length).toBeGreaterThan(10);
    expect(tasks[0]).toBeLessThan(150);
    expect(tasks.filter((ms) => ms > 50).length).toBeLessThanOrEqual(3);

    // The answer to the second message has no end.
    await view.write(JSON.stringify({ text: "tick", answers: 2 ** 31 - 1 }));
    await view.press("Send message");
    await vi.waitFor(async () => expect(await countOf(view)).toBeGreaterThan(answers + 1000), { timeout: 20_000 });
    await view.press("Pause");
    await view.press("Half-close");
    const [before] = await Promise.all([countOf(view), view.response.getByText(/newer ones wait/).waitFor()]);
    await view.press("Follow");
    await vi.waitFor(async () => expect(await countOf(view)).toBeGreaterThan(before), { timeout: 20_000 });
    await view.press("Cancel");
    await view.response.getByText("1 CANCELLED").waitFor();
    await vi.waitUntil(() => kinds.seen.cancelled.includes("Talk"), { timeout: 20_000 });
    expect(view.errors).toEqual([]);
  });

  test("the plot follows a live stream, and the timeline names its events", async () => {
    await using view = await open("Measure");
    await view.write(JSON.stringify({ count: 1_000_000, delayMs: 1 }));
    await view.press("Call");
    await view.openTab(view.response, "Plot");
    await view.response.getByRole("combobox", { name: /^Number/ }).selectOption("value");
    /** The messages, the latest number, the least, the greatest, and the mean. */
    const summary = async () => {
      const cells = await view.response.getByRole("table", { name: "value in short" }).getByRole("cell").allTextContents();
      return cells.map((text) => Number(text.replace(",", "")));
    };
    const waiting = { timeout: 20_000 };
    await vi.waitFor(async () => expect((await summary())[0]).toBeGreaterThan(100), waiting);
    const [before = 0, , min, max] = await summary();
    expect([min, max]).toEqual([-50, 49]);
    await vi.waitFor(async () => expect((await summary())[0]).toBeGreaterThan(before), waiting);
    await view.press("Cancel");
    await view.response.getByText("1 CANCELLED").waitFor();
    const count = await countOf(view);
    await vi.waitFor(async () => expect((await summary()).slice(0, 2)).toEqual([count, ((count - 1) % 100) - 50]), waiting);

    await view.openTab(view.response, "Times and sizes");
    const labels = await view.response.locator(".timeline .event text").allTextContents();
    expect(labels.map((label) => label.replace(/ [\d.,]+ m?s$/, ""))).toEqual(["header", "first message", "half-close", "end"]);
    expect(view.errors).toEqual([]);
  });

  test("a stream is filtered and paused while it arrives, and Esc follows it again", async () => {
    await using view = await open("Repeat");
    await view.write('{"text": "tick", "count": 1000000, "delayMs": 1}');
    await view.press("Call");
    await view.response.getByRole("tab", { name: /^Messages \(\d{3,}\)$/ }).waitFor();
    await view.page.getByLabel("Filter messages").fill('TICK 3"');
    await vi.waitFor(async () => expect(await list(view).getByRole("listitem").count()).toBe(1));
    await view.page.getByLabel("Filter messages").fill("");
    await view.press("Pause");
    const lines = await list(view).getByRole("listitem").allInnerTexts();
    await view.response.getByText(/newer ones wait/).waitFor();
    expect(await list(view).getByRole("listitem").allInnerTexts()).toEqual(lines);
    await view.press("Follow");
    // A reader who scrolls up is left alone.
    await list(view).focus();
    await view.page.keyboard.press("Home");
    await vi.waitFor(async () => expect(await pressed(view).textContent()).toContain("sent"));
    await view.page.keyboard.press("Escape");
    await vi.waitFor(async () =>
      expect(
        await list(view)
          .getByText(/"tick 1"/)
          .count(),
      ).toBe(0),
    );
    await view.press("Cancel");
    await view.response.getByText("1 CANCELLED").waitFor();
    await list(view)
      .getByText(/^cancel$/)
      .waitFor();
    expect(view.errors).toEqual([]);
  });
});
