import { AsyncLocalStorage } from "node:async_hooks";
import * as callbacks from "node:timers";
import * as promises from "node:timers/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type VirtualTime, virtualTime } from "./virtual-time.ts";

let time: VirtualTime;
const year = Date.UTC(2030, 0, 1);

beforeEach(() => {
  time = virtualTime({ start: year });
});
afterEach(() => time[Symbol.dispose]());

describe("timers", () => {
  test("fire in the order of their times, each at its own, and equal ones in the order in which they were set", async () => {
    const fired: [string, number][] = [];
    const at = (name: string) => () => void fired.push([name, Date.now() - year]);
    setTimeout(at("c"), 30);
    setTimeout(at("a"), 10);
    setTimeout(at("b"), 10);
    callbacks.setTimeout(at("d"), 30);
    await time.advance(29);
    expect(fired).toEqual([
      ["a", 10],
      ["b", 10],
    ]);
    await time.advance(1);
    expect(fired.slice(2)).toEqual([
      ["c", 30],
      ["d", 30],
    ]);
    expect(time.elapsedMs).toBe(30);
  });

  test("what a timer sets off happens before the next one fires", async () => {
    const fired: string[] = [];
    setTimeout(async () => {
      await delay(5);
      await new Promise((resolve) => setImmediate(resolve));
      fired.push("inner");
    }, 10);
    setTimeout(() => fired.push("outer"), 16);
    await time.advance(100);
    expect(fired).toEqual(["inner", "outer"]);
  });

  test.each([
    ["a timer", (timer: NodeJS.Timeout) => clearTimeout(timer)],
    ["its number", (timer: NodeJS.Timeout) => clearTimeout(Number(timer))],
    ["its number as text", (timer: NodeJS.Timeout) => clearTimeout(`${Number(timer)}`)],
    ["clearInterval", (timer: NodeJS.Timeout) => clearInterval(timer)],
    ["node:timers", (timer: NodeJS.Timeout) => callbacks.clearTimeout(timer)],
    ["close()", (timer: NodeJS.Timeout) => timer.close()],
    ["disposal", (timer: NodeJS.Timeout) => timer[Symbol.dispose]()],
  ])("are cleared by %s", async (_, clear) => {
    let fired = 0;
    clear(setTimeout(() => fired++, 10));
    clear(setInterval(() => fired++, 10));
    await time.advance(50);
    expect(fired).toBe(0);
  });

  test("an interval fires until it is cleared, also from its own callback", async () => {
    const fired: number[] = [];
    const timer = setInterval(() => {
      fired.push(time.elapsedMs);
      if (fired.length === 3) clearInterval(timer);
    }, 7);
    await time.advance(100);
    expect(fired).toEqual([7, 14, 21]);
  });

  test("refresh() starts a timer anew, also after it has fired", async () => {
    const fired: number[] = [];
    const timer = setTimeout(() => fired.push(time.elapsedMs), 10);
    await time.advance(9);
    timer.refresh();
    await time.advance(9);
    expect(fired).toEqual([]);
    await time.advance(1);
    timer.refresh();
    await time.advance(10);
    expect(fired).toEqual([19, 29]);
  });

  test.each([0, -1, Number.NaN, 2 ** 31, undefined])("a delay of %s is one millisecond, as in Node", async (ms) => {
    let fired = 0;
    setTimeout(() => fired++, ms);
    await time.advance(0);
    expect(fired).toBe(0);
    await time.advance(1);
    expect(fired).toBe(1);
  });

  test("pass their arguments, and keep the async context", async () => {
    const storage = new AsyncLocalStorage<string>();
    const got: unknown[] = [];
    storage.run("inside", () => setTimeout((a: number, b: string) => got.push(a, b, storage.getStore()), 1, 1, "x"));
    await time.advance(1);
    expect(got).toEqual([1, "x", "inside"]);
  });

  test("of before are real, and can be cleared", async () => {
    time[Symbol.dispose]();
    let fired = 0;
    const kept = Promise.withResolvers<void>();
    setTimeout(kept.resolve, 5);
    const timer = setTimeout(() => fired++, 5);
    time = virtualTime();
    clearTimeout(timer);
    await kept.promise;
    await time.advance(0);
    expect(fired).toBe(0);
  });

  test("advance() rejects with what a callback throws", async () => {
    const fault = new Error("my own");
    setTimeout(() => {
      throw fault;
    }, 5);
    let fired = 0;
    setTimeout(() => fired++, 6);
    await expect(time.advance(10)).rejects.toBe(fault);
    expect(time.elapsedMs).toBe(5);
    await time.advance(10);
    expect(fired).toBe(1);
  });
});

describe("promises", () => {
  test.each([
    ["setTimeout of node:timers/promises", () => delay(1_000, "x")],
    ["its namespace", () => promises.setTimeout(1_000, "x")],
    ["promisify(setTimeout)", () => promisify(setTimeout)(1_000, "x")],
  ])("%s", async (_, start) => {
    let got: string | undefined;
    void start().then((value) => {
      got = value;
    });
    await time.advance(999);
    expect(got).toBeUndefined();
    await time.advance(1);
    expect(got).toBe("x");
  });

  test("scheduler.wait, and the rest of the scheduler", async () => {
    let waited = false;
    void promises.scheduler.wait(1_000).then(() => {
      waited = true;
    });
    await time.advance(1_000);
    expect(waited).toBe(true);
    await promises.scheduler.yield();
  });

  test("setInterval", async () => {
    const at: number[] = [];
    void (async () => {
      for await (const value of promises.setInterval(10, "x")) {
        at.push(time.elapsedMs);
        expect(value).toBe("x");
        if (at.length === 3) break;
      }
    })();
    await time.advance(100);
    expect(at).toEqual([10, 20, 30]);
  });

  test.each(["before", "during"])("an abort %s it rejects as Node does", async (when) => {
    const reason = new Error("my own");
    const failure = { name: "AbortError", code: "ABORT_ERR", message: "The operation was aborted", cause: reason };
    const controller = new AbortController();
    if (when === "before") controller.abort(reason);
    const waiting = delay(10, undefined, { signal: controller.signal });
    const seen = expect(waiting).rejects.toMatchObject(failure);
    controller.abort(reason);
    await seen;
    time[Symbol.dispose]();
    // As Node's own.
    await expect(delay(10, undefined, { signal: controller.signal })).rejects.toMatchObject(failure);
  });

  test("AbortSignal.timeout()", async () => {
    const signal = AbortSignal.timeout(50);
    await time.advance(49);
    expect(signal.aborted).toBe(false);
    await time.advance(1);
    expect(signal.reason).toMatchObject({ name: "TimeoutError", message: "The operation was aborted due to timeout" });
    expect(signal.reason).toBeInstanceOf(DOMException);
  });
});

describe("clocks", () => {
  test("Date shows virtual time, and its dates are ordinary ones", async () => {
    expect(Date.now()).toBe(year);
    const perfMs = performance.now();
    await time.advance(86_400_000);
    expect(new Date().toISOString()).toBe("2030-01-02T00:00:00.000Z");
    expect(Date()).toBe(new Date(Date.UTC(2030, 0, 2)).toString());
    expect(performance.now()).toBe(perfMs + 86_400_000);
    expect(new Date(5).getTime()).toBe(5);
    expect(new Date(2030, 1).getTime()).toBe(new Date(2030, 1).getTime());
    expect(Date.UTC(2000)).toBe(946_684_800_000);
    const during = new Date();
    class MyDate extends Date {}
    expect(new MyDate()).toBeInstanceOf(MyDate);
    expect(new MyDate().getTime()).toBe(Date.now());
    expect(during).toBeInstanceOf(Date);
    time[Symbol.dispose]();
    expect(during).toBeInstanceOf(Date);
  });

  test("the end brings everything back", () => {
    time[Symbol.dispose]();
    const names = ["setTimeout", "setInterval", "clearTimeout", "clearInterval", "Date"] as const;
    const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
    const others = [delay, promises.setInterval, promises.scheduler, callbacks.setTimeout, callbacks.clearInterval, AbortSignal.timeout];
    const now = performance.now;
    time = virtualTime();
    expect(names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name))).not.toEqual(before);
    time[Symbol.dispose]();
    time[Symbol.dispose]();
    expect(names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name))).toEqual(before);
    const after = [delay, promises.setInterval, promises.scheduler, callbacks.setTimeout, callbacks.clearInterval, AbortSignal.timeout];
    expect(after.every((value, index) => value === others[index])).toBe(true);
    expect(performance.now).toBe(now);
    expect(Object.hasOwn(performance, "now")).toBe(false);
    expect(Math.abs(Date.now() - year)).toBeGreaterThan(1_000);
  });
});

describe("misuse", () => {
  test("a second virtual time", () => {
    expect(() => virtualTime()).toThrow("time is virtual already: dispose of the other virtualTime() first");
  });

  test("advance() while it runs, and after the end", async () => {
    const first = time.advance(1);
    await expect(time.advance(1)).rejects.toThrow("advance() is running already: await it before you call it again");
    await first;
    time[Symbol.dispose]();
    await expect(time.advance(1)).rejects.toThrow("advance() was called after virtual time has ended");
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("advance(%d)", async (ms) => {
    await expect(time.advance(ms)).rejects.toThrow(RangeError);
  });

  test("a callback that is not a function", () => {
    expect(() => setTimeout("code" as never, 1)).toThrow("the callback of a timer must be a function");
  });
});

test("the end in the middle of an advance() stops it", async () => {
  onTestFinished(() => time[Symbol.dispose]());
  let fired = 0;
  setTimeout(() => time[Symbol.dispose](), 5);
  setTimeout(() => fired++, 6);
  await time.advance(10);
  expect(fired).toBe(0);
});
