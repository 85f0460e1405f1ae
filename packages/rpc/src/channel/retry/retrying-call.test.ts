import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeListener, FakeSource, outgoing } from "../../../test/fake-attempts.ts";
import { Code } from "../../protocol/code.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { OutgoingCall } from "../../transport/client.ts";
import type { RetryChannelOptions } from "./options.ts";
import { Retries } from "./retries.ts";

const request = Buffer.from("hello");
const unavailable: RetryChannelOptions = { retry: { codes: ["UNAVAILABLE"], maxAttempts: 3, initialBackoffMs: 100, maxBackoffMs: 150 } };

function open(options: RetryChannelOptions, call: Partial<OutgoingCall> = {}, retries = new Retries(options)) {
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

describe("without a policy", () => {
  test("a call passes on its header, messages and status, each once", () => {
    const { source, listener, stream } = open({}, { request });
    stream.pull();
    stream.pull();
    source.last.header();
    source.last.message("a");
    source.last.message("b");
    source.last.end(Code.OK);
    expect(listener).toMatchObject({ headers: ["peer-1"], messages: ["a", "b"], statuses: [{ code: Code.OK }] });
    expect(source.attempts).toHaveLength(1);
    expect(stream.peer).toBe("peer-1");
  });

  test("a failure of an attempt that the server may have processed ends the call", () => {
    const { source, listener } = open({}, { request });
    source.last.end(Code.UNAVAILABLE);
    expect(listener.statuses).toEqual([{ code: Code.UNAVAILABLE, message: "peer-1", metadata: undefined }]);
    expect(source.attempts).toHaveLength(1);
  });

  test("a refused request is retried at once and only once, without grpc-previous-rpc-attempts", () => {
    const { source, listener, stream } = open({}, { request });
    stream.pull();
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(source.attempts).toHaveLength(2);
    expect(source.last).toMatchObject({ sent: ["hello"], pulls: 1, call: { previousAttempts: 0 } });
    expect(listener.statuses).toEqual([]);
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(source.attempts).toHaveLength(2);
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE, message: "peer-2" }]);
  });

  test("an unsent request is retried without a limit, and with a delay", () => {
    const { source, listener } = open({}, { request });
    for (let attempt = 1; attempt < 30; attempt++) {
      expect(source.attempts).toHaveLength(attempt);
      source.last.end(Code.UNAVAILABLE, { progress: "unsent" });
      if (attempt > 1) expect(source.attempts).toHaveLength(attempt);
      vi.advanceTimersByTime(10);
    }
    source.last.header();
    source.last.end(Code.OK);
    expect(listener).toMatchObject({ headers: ["peer-30"], statuses: [{ code: Code.OK }] });
  });

  test("the requests of a stream are sent again with their compression and the half-close", () => {
    const { source, stream } = open({});
    stream.send(Buffer.from("a"), true);
    stream.send(Buffer.from("b"), false);
    stream.pull();
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(source.last).toMatchObject({ sent: ["a", "b plain"], halfClosed: false, pulls: 1 });
    stream.send(Buffer.from("c"), true);
    stream.halfClose();
    expect(source.last).toMatchObject({ sent: ["a", "b plain", "c"], halfClosed: true });
    source.last.end(Code.UNAVAILABLE, { progress: "unsent" });
    expect(source.last).toMatchObject({ sent: ["a", "b plain", "c"], halfClosed: true, pulls: 1 });
    source.last.end(Code.OK);
    expect(source.attempts).toHaveLength(3);
  });

  test("a call is not retried after the header", () => {
    const { source, listener, stream } = open({});
    stream.send(Buffer.from("a"), true);
    source.last.header();
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE }]);
    expect(source.attempts).toHaveLength(1);
  });

  test.each(["unsent", "refused"] as const)("a call that was %s is not retried after its deadline", (progress) => {
    const { source, listener } = open({}, { request, deadline: steadyNow() + 50 });
    vi.advanceTimersByTime(50);
    source.last.end(Code.UNAVAILABLE, { progress });
    expect(source.attempts).toHaveLength(1);
    expect(listener.statuses).toMatchObject([{ code: Code.DEADLINE_EXCEEDED }]);
  });
});

describe("a retry policy", () => {
  test("retries after a back-off of ±20 %, sends the number of attempts, and stops at maxAttempts", () => {
    const { source, listener, stream } = open(unavailable, { request });
    stream.pull();
    for (const [attempt, ms] of [
      [1, 100],
      [2, 150],
    ] as const) {
      source.last.end(Code.UNAVAILABLE);
      vi.advanceTimersByTime(ms * 0.8 - 1);
      expect(source.attempts).toHaveLength(attempt);
      vi.advanceTimersByTime(ms * 0.4 + 2);
      expect(source.attempts).toHaveLength(attempt + 1);
      expect(source.last).toMatchObject({ sent: ["hello"], pulls: 1, call: { previousAttempts: attempt } });
    }
    source.last.end(Code.UNAVAILABLE);
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE, message: "peer-3" }]);
  });

  test("a code that is not listed ends the call", () => {
    const { source, listener } = open(unavailable, { request });
    source.last.end(Code.INTERNAL);
    expect(listener.statuses).toMatchObject([{ code: Code.INTERNAL }]);
  });

  test("a transparent retry does not count as an attempt", () => {
    const { source, listener } = open(unavailable, { request });
    source.last.end(Code.UNAVAILABLE);
    vi.advanceTimersByTime(200);
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(source.last.call.previousAttempts).toBe(1);
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    vi.advanceTimersByTime(200);
    expect(source.last.call.previousAttempts).toBe(2);
    source.last.end(Code.UNAVAILABLE);
    expect(listener.statuses).toHaveLength(1);
    expect(source.attempts).toHaveLength(4);
  });

  test("a pushback sets the exact wait and restarts the back-off", () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const { source } = open(
      { retry: { codes: [Code.UNAVAILABLE], maxAttempts: 5, initialBackoffMs: 100, maxBackoffMs: 10_000 } },
      { request },
    );
    for (const [pushback, ms] of [
      [undefined, 100],
      [undefined, 200],
      ["7", 7],
      [undefined, 100],
    ] as const) {
      const attempts = source.attempts.length;
      source.last.end(Code.UNAVAILABLE, pushback === undefined ? {} : { pushback });
      vi.advanceTimersByTime(ms - 1);
      expect(source.attempts).toHaveLength(attempts);
      vi.advanceTimersByTime(1);
      expect(source.attempts).toHaveLength(attempts + 1);
    }
    source.last.end(Code.OK);
    vi.restoreAllMocks();
  });

  test.each(["-1", "", "abc", "007", "1.5", "+1", "2147483648", "10, 20", " 1", "1s"])("the pushback %j forbids a retry", (pushback) => {
    const { source, listener } = open(unavailable, { request });
    source.last.end(Code.UNAVAILABLE, { pushback });
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE }]);
    expect(source.attempts).toHaveLength(1);
  });

  test("a pushback does not make a code retryable", () => {
    const { source, listener } = open(unavailable, { request });
    source.last.end(Code.INTERNAL, { pushback: "0" });
    expect(listener.statuses).toMatchObject([{ code: Code.INTERNAL }]);
  });

  test("cancel() during an attempt cancels it and prevents further attempts", () => {
    const { source, listener, stream } = open(unavailable, { request });
    stream.cancel(Code.CANCELLED, "enough");
    stream.cancel(Code.CANCELLED, "again");
    source.last.end(Code.UNAVAILABLE);
    stream.pull();
    stream.halfClose();
    stream.send(request, true);
    expect(source.last.cancelled).toEqual({ code: Code.CANCELLED, message: "enough" });
    expect(listener.statuses).toEqual([]);
    expect(stream.peer).toBe("peer-1");
  });

  test("cancel() during a back-off prevents further attempts", () => {
    const { source, listener, stream } = open(unavailable);
    source.last.end(Code.UNAVAILABLE);
    stream.cancel(Code.CANCELLED, "enough");
    expect(vi.getTimerCount()).toBe(0);
    expect(source.attempts).toHaveLength(1);
    expect(listener.statuses).toEqual([]);
  });

  test("no attempt is sent if the deadline passes during the back-off", () => {
    const { source, listener } = open(unavailable, { request, deadline: steadyNow() + 10 });
    source.last.end(Code.UNAVAILABLE);
    vi.runAllTimers();
    expect(source.attempts).toHaveLength(1);
    expect(listener.statuses).toMatchObject([
      { code: Code.DEADLINE_EXCEEDED, message: "deadline exceeded: /test.v1.Echo/Say had no time left for another attempt" },
    ]);
  });

  test("a success without a header is a success", () => {
    const { source, listener } = open(unavailable, { request });
    source.last.end(Code.OK);
    expect(listener).toMatchObject({ headers: [], statuses: [{ code: Code.OK }] });
  });

  test("pulls and requests during a back-off reach the next attempt", () => {
    const { source, stream } = open(unavailable);
    stream.send(Buffer.from("a"), true);
    source.last.end(Code.UNAVAILABLE);
    expect(stream.send(Buffer.from("b"), true)).toBe(true);
    stream.pull();
    stream.halfClose();
    vi.advanceTimersByTime(200);
    expect(source.last).toMatchObject({ sent: ["a", "b"], halfClosed: true, pulls: 1 });
    source.last.end(Code.OK);
  });
});

describe("backpressure", () => {
  test("follows the attempt", () => {
    const { source, listener, stream } = open(unavailable);
    source.last.room = false;
    expect(stream.send(request, true)).toBe(false);
    source.last.drain();
    expect(listener.drains).toBe(1);
    expect(stream.send(request, true)).toBe(true);
    source.last.drain();
    expect(listener.drains).toBe(1);
    stream.cancel(Code.CANCELLED, "");
  });

  test("the next attempt resumes a call that waits for room", () => {
    const { source, listener, stream } = open(unavailable);
    source.last.room = false;
    stream.send(request, true);
    source.last.end(Code.UNAVAILABLE);
    expect(listener.drains).toBe(0);
    vi.advanceTimersByTime(200);
    expect(listener.drains).toBe(1);
    source.onOpen = (attempt) => {
      attempt.room = false;
    };
    source.last.room = false;
    stream.send(request, true);
    source.last.end(Code.UNAVAILABLE);
    vi.advanceTimersByTime(200);
    expect(listener.drains).toBe(1);
    source.last.drain();
    expect(listener.drains).toBe(2);
    stream.cancel(Code.CANCELLED, "");
  });
});

describe("buffers", () => {
  const small: RetryChannelOptions = { ...unavailable, retryBuffer: { perCallBytes: 1_000, perChannelBytes: 1_500 } };

  test("a unary request above the limit is sent once", () => {
    const { source, listener } = open(small, { request: Buffer.alloc(1_001) });
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE }]);
  });

  test("a stream that outgrows the limit continues with its attempt and is not retried", () => {
    const { source, listener, stream } = open(small);
    for (let i = 0; i < 3; i++) expect(stream.send(Buffer.alloc(400, "x"), true)).toBe(true);
    expect(source.last.sent).toHaveLength(3);
    source.last.end(Code.UNAVAILABLE, { progress: "unsent" });
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE }]);
  });

  test("a stream that outgrows the limit between attempts waits, loses no request, and has one more attempt", () => {
    const { source, listener, stream, retries } = open(small);
    source.last.end(Code.UNAVAILABLE);
    expect(stream.send(Buffer.from("a"), true)).toBe(true);
    expect(stream.send(Buffer.alloc(1_000, "x"), true)).toBe(false);
    expect(stream.send(Buffer.from("b"), true)).toBe(false);
    vi.advanceTimersByTime(200);
    expect(source.last.sent).toEqual(["a", "x".repeat(1_000), "b"]);
    expect(listener.drains).toBe(1);
    expect(retries.bufferedBytes).toBe(0);
    source.last.end(Code.UNAVAILABLE);
    expect(listener.statuses).toMatchObject([{ code: Code.UNAVAILABLE }]);
    expect(source.attempts).toHaveLength(2);
  });

  test("calls of a channel share its limit, and release their bytes when they commit, end or are cancelled", () => {
    const retries = new Retries(small);
    const first = open(small, { request: Buffer.alloc(900) }, retries);
    const second = open(small, { request: Buffer.alloc(900) }, retries);
    expect(retries.bufferedBytes).toBe(900);
    second.source.last.end(Code.UNAVAILABLE);
    expect(second.listener.statuses).toHaveLength(1);
    first.source.last.header();
    expect(retries.bufferedBytes).toBe(0);
    const third = open(small, {}, retries);
    third.stream.send(Buffer.alloc(900), true);
    expect(retries.bufferedBytes).toBeGreaterThan(900);
    third.stream.cancel(Code.CANCELLED, "");
    expect(retries.bufferedBytes).toBe(0);
    const fourth = open(small, { request }, retries);
    fourth.source.last.end(Code.INTERNAL);
    first.source.last.end(Code.OK);
    expect(retries.bufferedBytes).toBe(0);
  });

  test("empty messages count too", () => {
    const { source, listener, stream } = open(small);
    for (let i = 0; i < 16; i++) stream.send(Buffer.alloc(0), true);
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(listener.statuses).toHaveLength(1);
  });
});

describe("throttling", () => {
  const throttled: RetryChannelOptions = { ...unavailable, retryThrottling: { maxTokens: 4, tokenRatio: 0.5 } };
  const fail = (retries: Retries, code: Code, how: { pushback?: string; header?: boolean } = {}) => {
    const { source, stream } = open(throttled, { request }, retries);
    if (how.header) source.last.header();
    source.last.end(code, how.pushback === undefined ? {} : { pushback: how.pushback });
    stream.cancel(Code.CANCELLED, "");
  };

  test("stops retries at half of the tokens, and resumes them above", () => {
    const retries = new Retries(throttled);
    const { source, listener } = open(throttled, { request }, retries);
    source.last.end(Code.UNAVAILABLE);
    expect(retries.tokens).toBe(3);
    vi.advanceTimersByTime(200);
    source.last.end(Code.UNAVAILABLE);
    expect(retries.tokens).toBe(2);
    expect(listener.statuses, "no third attempt").toHaveLength(1);
    open(throttled, { request }, retries).source.last.end(Code.OK);
    expect(retries.tokens).toBe(2.5);
    const { source: next } = open(throttled, { request }, retries);
    next.last.end(Code.UNAVAILABLE);
    expect(next.attempts).toHaveLength(1);
    expect(retries.tokens).toBe(1.5);
  });

  test("counts retryable failures and pushbacks that forbid a retry, and nothing else", () => {
    const retries = new Retries(throttled);
    fail(retries, Code.INTERNAL);
    expect(retries.tokens).toBe(4);
    fail(retries, Code.INTERNAL, { pushback: "10" });
    expect(retries.tokens).toBe(4);
    fail(retries, Code.INTERNAL, { pushback: "-1" });
    expect(retries.tokens).toBe(3);
    fail(retries, Code.UNAVAILABLE, { header: true });
    expect(retries.tokens).toBe(2);
    for (let i = 0; i < 5; i++) fail(retries, Code.UNAVAILABLE);
    expect(retries.tokens).toBe(0);
    const { source } = open(throttled, { request }, retries);
    source.last.end(Code.UNAVAILABLE, { progress: "refused" });
    expect(source.attempts, "transparent retries take no token").toHaveLength(2);
    for (let i = 0; i < 20; i++) open(throttled, { request }, retries).source.last.end(Code.OK);
    expect(retries.tokens).toBe(4);
    source.last.end(Code.OK);
  });
});
