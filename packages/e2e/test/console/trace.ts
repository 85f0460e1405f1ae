// What the pages of the browser do while something runs, in time of the processor. By the clock, it would depend on
// what else the machine does.
import { theBrowser } from "./shared.ts";

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** In microseconds, by the clock. */
  readonly ts: number;
  /** In microseconds of the processor. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

async function trace(run: () => Promise<void>, categories: readonly string[]): Promise<readonly TraceEvent[]> {
  await theBrowser().startTracing(undefined, { categories: [...categories] });
  await run();
  return (JSON.parse((await theBrowser().stopTracing()).toString()) as { readonly traceEvents: readonly TraceEvent[] }).traceEvents;
}

/** The tasks of the main threads of pages. */
function tasksIn(events: readonly TraceEvent[]): readonly TraceEvent[] {
  const id = ({ pid, tid }: TraceEvent) => `${pid}:${tid}`;
  const mains = new Set(events.filter(({ args }) => args?.name === "CrRendererMain").map(id));
  return events.filter((event) => event.name.endsWith("RunTask") && mains.has(id(event)));
}

const ms = ({ tdur = 0 }: TraceEvent) => tdur / 1000;

/** The tasks of the pages, in milliseconds, longest first. */
export async function tasksOf(run: () => Promise<void>): Promise<number[]> {
  return tasksIn(await trace(run, ["toplevel"]))
    .map(ms)
    .sort((one, other) => other - one);
}

/** The milliseconds that the main thread of the page that is opened works until it first paints. */
export async function workUntilPaint(open: () => Promise<void>): Promise<number> {
  const events = await trace(open, ["toplevel", "loading"]);
  const paint = events.find(({ name }) => name === "firstContentfulPaint");
  if (paint === undefined) throw new Error("the page has painted nothing");
  return tasksIn(events)
    .filter(({ pid, ts }) => pid === paint.pid && ts < paint.ts)
    .reduce((sum, task) => sum + ms(task), 0);
}
