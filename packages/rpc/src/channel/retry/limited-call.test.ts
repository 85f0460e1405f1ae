import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeListener, FakeSource, outgoing } from "../../../test/fake-attempts.ts";
import { Code } from "../../protocol/code.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { OutgoingCall } from "../../transport/client.ts";
import type { MethodOptions } from "./options.ts";
import { Retries } from "./retries.ts";

function open(settings: Omit<MethodOptions, "service" | "retry" | "hedging">, call: Partial<OutgoingCall> = {}) {
  const retries = new Retries({ retry: { codes: ["UNAVAILABLE"] }, methods: [{ service: "test.v1.Echo", ...settings }] });
  const [source, listener] = [new FakeSource(), new FakeListener()];
  return { source, listener, retries, stream: retries.open(outgoing(call), listener, source) };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount(), "remaining timers").toBe(0);
  vi.useRealTimers();
});

describe("a method's timeout", () => {
  test("ends the call with DEADLINE_EXCEEDED and cancels its attempt", () => {
    const { source, listener } = open({ timeoutMs: 500 });
    vi.advanceTimersByTime(501);
    expect(source.last.cancelled?.code).toBe(Code.DEADLINE_EXCEEDED);
    expect(listener.statuses).toMatchObject([
      { code: Code.DEADLINE_EXCEEDED, message: "deadline exceeded: /test.v1.Echo/Say took longer than 500 ms" },
    ]);
  });

  test("spans all attempts and ends a back-off", () => {
    const { source, listener } = open({ timeoutMs: 500 });
    source.last.end(Code.UNAVAILABLE, { pushback: "10000" });
    vi.advanceTimersByTime(501);
    expect(listener.statuses).toMatchObject([{ code: Code.DEADLINE_EXCEEDED }]);
    expect(source.attempts).toHaveLength(1);
  });

  test("has no timer if the call's deadline is earlier, or once the call has ended", () => {
    const { stream } = open({ timeoutMs: 500 }, { deadline: steadyNow() + 100 });
    expect(vi.getTimerCount()).toBe(0);
    stream.cancel(Code.CANCELLED, "");
    open({ timeoutMs: 500 }).source.last.end(Code.OK);
    open({ timeoutMs: 500 }).stream.cancel(Code.CANCELLED, "");
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a method's message sizes", () => {
  test("a unary request that is too large is not sent, and the failure follows open()", async () => {
    vi.useRealTimers();
    const { source, listener, stream } = open({ maxRequestBytes: 3 }, { request: Buffer.from("four") });
    stream.pull();
    expect(listener.statuses).toEqual([]);
    await new Promise(setImmediate);
    expect(listener.statuses).toMatchObject([
      { code: Code.RESOURCE_EXHAUSTED, message: "the request is 4 bytes long, and maxRequestBytes of /test.v1.Echo/Say is 3" },
    ]);
    expect(source.attempts).toEqual([]);
    vi.useFakeTimers();
  });

  test("a streamed request that is too large cancels the call, and nothing more is sent", async () => {
    vi.useRealTimers();
    const { source, listener, stream } = open({ maxRequestBytes: 3 });
    expect(stream.send(Buffer.from("abc"), true)).toBe(true);
    expect(stream.send(Buffer.from("abcd"), true)).toBe(false);
    expect(stream.send(Buffer.from("x"), true)).toBe(false);
    stream.halfClose();
    expect(source.last).toMatchObject({ sent: ["abc"], halfClosed: false, cancelled: { code: Code.RESOURCE_EXHAUSTED } });
    await new Promise(setImmediate);
    expect(listener.statuses).toMatchObject([{ code: Code.RESOURCE_EXHAUSTED }]);
    vi.useFakeTimers();
  });

  test("a cancel in the same tick takes precedence", async () => {
    vi.useRealTimers();
    const { listener, stream } = open({ maxRequestBytes: 3 });
    stream.send(Buffer.from("abcd"), true);
    stream.cancel(Code.CANCELLED, "");
    await new Promise(setImmediate);
    expect(listener.statuses).toEqual([]);
    vi.useFakeTimers();
  });

  test("a response that is too large fails with RESOURCE_EXHAUSTED", () => {
    const { source, listener, stream } = open({ maxResponseBytes: 3 }, { request: Buffer.from("r") });
    stream.pull();
    stream.pull();
    source.last.header();
    source.last.message("abc");
    source.last.message("abcd");
    expect(source.last.cancelled?.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(listener).toMatchObject({
      messages: ["abc"],
      statuses: [
        { code: Code.RESOURCE_EXHAUSTED, message: "the response is 4 bytes long, and maxResponseBytes of /test.v1.Echo/Say is 3" },
      ],
    });
  });
});
