import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { eventually } from "../../../test/eventually.ts";
import { FakeListener, FakeSource, outgoing } from "../../../test/fake-attempts.ts";
import { Code } from "../../protocol/code.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { OutgoingCall } from "../../transport/client.ts";
import type { HedgingOptions, RetryChannelOptions } from "./options.ts";
import { Retries } from "./retries.ts";

const request = Buffer.from("hello");
const policy: HedgingOptions = { maxAttempts: 3, delayMs: 50, nonFatalCodes: ["UNAVAILABLE"] };

function open(hedging: Partial<HedgingOptions> = {}, call: Partial<OutgoingCall> = {}, options: RetryChannelOptions = {}) {
  const retries = new Retries({ methods: [{ service: "test.v1.Echo", hedging: { ...policy, ...hedging } }], ...options });
  const [source, listener] = [new FakeSource(), new FakeListener()];
  const stream = retries.open(outgoing(call), listener, source);
  return { source, listener, stream, retries };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount(), "remaining timers").toBe(0);
  vi.useRealTimers();
});

describe("hedging", () => {
  test("sends an attempt after each delay, up to maxAttempts, with its number", () => {
    const { source, stream } = open({}, { request });
    stream.pull();
    for (const attempts of [1, 2, 3]) {
      expect(source.attempts).toHaveLength(attempts);
      vi.advanceTimersByTime(49);
      expect(source.attempts).toHaveLength(attempts);
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(1_000);
    expect(source.attempts.map(({ call, sent, pulls }) => [call.previousAttempts, sent, pulls])).toEqual([
      [0, ["hello"], 1],
      [1, ["hello"], 1],
      [2, ["hello"], 1],
    ]);
    stream.cancel(Code.CANCELLED, "enough");
    for (const { cancelled } of source.attempts) expect(cancelled).toEqual({ code: Code.CANCELLED, message: "enough" });
  });

  test("a delay of 0 sends all at once", () => {
    const { source, stream } = open({ delayMs: 0 }, { request });
    expect(source.attempts.map(({ call }) => call.previousAttempts)).toEqual([0, 1, 2]);
    stream.cancel(Code.CANCELLED, "");
  });

  test("the first header commits the call and cancels the other attempts", () => {
    const { source, listener, stream, retries } = open({}, { request });
    stream.pull();
    vi.advanceTimersByTime(50);
    const [first, second] = source.attempts;
    second?.header();
    expect(first?.cancelled?.code).toBe(Code.CANCELLED);
    expect(retries.bufferedBytes).toBe(0);
    vi.advanceTimersByTime(1_000);
    second?.message("answer");
    stream.pull();
    second?.message("more");
    expect(second?.pulls).toBe(0);
    second?.end(Code.OK);
    expect(listener).toMatchObject({ headers: ["peer-2"], messages: ["answer", "more"], statuses: [{ code: Code.OK }] });
    expect(source.attempts).toHaveLength(2);
    expect(stream.peer).toBe("peer-2");
  });

  test("a success without a header commits the call too", () => {
    const { source, listener } = open({}, { request });
    vi.advanceTimersByTime(50);
    source.attempts[0]?.end(Code.OK);
    expect(source.attempts[1]?.cancelled?.code).toBe(Code.CANCELLED);
    expect(listener.statuses).toMatchObject([{ code: Code.OK, message: "peer-1" }]);
  });

  test("a fatal code ends the call and cancels the other attempts", () => {
    const { source, listener } = open({}, { request });
    vi.advanceTimersByTime(50);
    source.attempts[0]?.end(Code.INTERNAL);
    expect(source.attempts[1]?.cancelled?.code).toBe(Code.CANCELLED);
    expect(listener.statuses).toMatchObject([{ code: Code.INTERNAL, message: "peer-1" }]);
  });

  test("a non-fatal code sends the next attempt at once, and the one after it a delay later", () => {
    const { source, listener } = open({}, { request });
    vi.advanceTimersByTime(20);
    source.attempts[0]?.end(Code.UNAVAILABLE);
    expect(source.attempts).toHaveLength(2);
    vi.advanceTimersByTime(49);
    expect(source.attempts).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(source.attempts).toHaveLength(3);
    source.attempts[2]?.end(Code.UNAVAILABLE);
    expect(listener.statuses).toEqual([]);
    source.attempts[1]?.end(Code.UNAVAILABLE);
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE, message: "peer-2" }]);
  });

  test("a failure after the header ends the call", () => {
    const { source, listener } = open({}, { request });
    source.last.header();
    source.last.end(Code.UNAVAILABLE);
    vi.runAllTimers();
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE }]);
    expect(source.attempts).toHaveLength(1);
  });

  test("a pushback that forbids a retry prevents further attempts, and running attempts continue", () => {
    const { source, listener } = open({}, { request });
    vi.advanceTimersByTime(50);
    source.attempts[0]?.end(Code.UNAVAILABLE, { pushback: "-1" });
    vi.advanceTimersByTime(1_000);
    expect(source.attempts).toHaveLength(2);
    expect(listener.statuses).toEqual([]);
    source.attempts[1]?.end(Code.OK);
    expect(listener.statuses).toMatchObject([{ code: Code.OK }]);
  });

  test("a pushback that forbids a retry ends the call if no other attempt is running", () => {
    const { source, listener } = open({}, { request });
    source.last.end(Code.UNAVAILABLE, { pushback: "never" });
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE }]);
    expect(source.attempts).toHaveLength(1);
  });

  test("a pushback reschedules the next attempt and the ones after it", () => {
    const { source, stream } = open({}, { request });
    source.last.end(Code.UNAVAILABLE, { pushback: "200" });
    vi.advanceTimersByTime(199);
    expect(source.attempts).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(source.attempts).toHaveLength(2);
    vi.advanceTimersByTime(50);
    expect(source.attempts).toHaveLength(3);
    stream.cancel(Code.CANCELLED, "");
  });

  test("a refused attempt is retried once and does not count", () => {
    const { source, stream } = open({}, { request });
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(source.attempts.map(({ call }) => call.previousAttempts)).toEqual([0, 0]);
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(source.attempts.map(({ call }) => call.previousAttempts)).toEqual([0, 0, 1]);
    stream.cancel(Code.CANCELLED, "");
  });

  test("attempts that are never sent do not cause an endless loop", () => {
    const { source, listener } = open({}, { request });
    source.onOpen = (attempt) => queueMicrotask(() => attempt.end(Code.UNAVAILABLE, { progress: "unsent" }));
    source.last.end(Code.UNAVAILABLE, { progress: "unsent" });
    return eventually(() => expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE }]));
  });

  test("the requests of a stream go to all attempts, including later ones", () => {
    const { source, stream } = open({});
    stream.send(Buffer.from("a"), true);
    vi.advanceTimersByTime(50);
    stream.send(Buffer.from("b"), false);
    vi.advanceTimersByTime(50);
    stream.halfClose();
    for (const attempt of source.attempts) expect(attempt).toMatchObject({ sent: ["a", "b plain"], halfClosed: true });
    expect(source.attempts).toHaveLength(3);
    stream.cancel(Code.CANCELLED, "");
  });

  test("has room while one attempt has room", () => {
    const { source, listener, stream } = open({});
    source.last.room = false;
    expect(stream.send(Buffer.from("a"), true)).toBe(false);
    vi.advanceTimersByTime(50);
    expect(listener.drains).toBe(1);
    expect(stream.send(Buffer.from("b"), true)).toBe(true);
    source.last.room = false;
    expect(stream.send(Buffer.from("c"), true)).toBe(false);
    source.attempts[0]?.drain();
    expect(listener.drains).toBe(2);
    stream.cancel(Code.CANCELLED, "");
  });

  test("requests that outgrow the buffer commit the call to an attempt that has room", () => {
    const { source, listener, stream, retries } = open({}, {}, { retryBuffer: { perCallBytes: 1_000 } });
    source.last.room = false;
    stream.send(Buffer.from("a"), true);
    vi.advanceTimersByTime(50);
    stream.send(Buffer.alloc(1_000, "x"), true);
    const [first, second] = source.attempts;
    expect(first?.cancelled?.code).toBe(Code.CANCELLED);
    expect(second?.sent).toEqual(["a", "x".repeat(1_000)]);
    expect(retries.bufferedBytes).toBe(0);
    second?.end(Code.UNAVAILABLE, { progress: "unsent" });
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE }]);
    expect(source.attempts).toHaveLength(2);
  });

  test("the next attempt is the last one if requests outgrow the buffer while no attempt runs", () => {
    const { source, listener, stream } = open({}, {}, { retryBuffer: { perCallBytes: 1_000 } });
    source.last.end(Code.UNAVAILABLE, { pushback: "10" });
    expect(stream.send(Buffer.alloc(1_000, "x"), true)).toBe(false);
    vi.advanceTimersByTime(500);
    expect(source.attempts).toHaveLength(2);
    expect(listener.drains).toBe(1);
    source.last.end(Code.UNAVAILABLE);
    expect(listener.statuses).toHaveLength(1);
  });

  test("a unary request above the limit is sent once", () => {
    const { source, stream } = open({ delayMs: 0 }, { request: Buffer.alloc(11) }, { retryBuffer: { perCallBytes: 10 } });
    expect(source.attempts).toHaveLength(1);
    stream.cancel(Code.CANCELLED, "");
  });

  test("throttling prevents all attempts but the first", () => {
    const { source, listener, retries } = open({}, { request }, { retryThrottling: { maxTokens: 2, tokenRatio: 1 } });
    source.last.end(Code.UNAVAILABLE);
    expect(retries.tokens).toBe(1);
    expect(source.attempts).toHaveLength(1);
    expect(listener.statuses).toHaveLength(1);
    const [next, listener2] = [new FakeSource(), new FakeListener()];
    retries.open(outgoing({ request }), listener2, next);
    vi.advanceTimersByTime(1_000);
    expect(next.attempts).toHaveLength(1);
    next.last.end(Code.OK);
    expect(retries.tokens).toBe(2);
    expect(listener2.statuses).toMatchObject([{ code: Code.OK }]);
  });

  test("after a pushback, throttling can still prevent the next attempt", () => {
    const { source, listener, retries } = open({}, { request }, { retryThrottling: { maxTokens: 4, tokenRatio: 1 } });
    source.last.end(Code.UNAVAILABLE, { pushback: "100" });
    const other = new FakeSource();
    retries.open(outgoing({ request }), new FakeListener(), other);
    other.last.end(Code.UNAVAILABLE, { pushback: "-1" });
    vi.advanceTimersByTime(100);
    expect(source.attempts).toHaveLength(1);
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE, message: "peer-1" }]);
  });

  test("no attempt is sent after the deadline", () => {
    const { source, stream } = open({}, { request, deadline: steadyNow() + 40 });
    vi.advanceTimersByTime(1_000);
    expect(source.attempts).toHaveLength(1);
    stream.cancel(Code.DEADLINE_EXCEEDED, "");
  });
});
