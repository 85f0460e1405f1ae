// Random calls on random attempts. Each call receives one status, and each message once and in order.
// No request stays in the buffer.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeAttempt, FakeListener, FakeSource, outgoing } from "../../../test/fake-attempts.ts";
import { makeRandom, type Random } from "../../../test/random/random.ts";
import { Code } from "../../protocol/code.ts";
import type { MethodOptions, RetryChannelOptions } from "./options.ts";
import { Retries } from "./retries.ts";

const seed = Number(process.env["RETRY_SEED"] ?? 6);
const runs = Number(process.env["RETRY_RUNS"] ?? 3_000);
const service = "test.v1.Echo";

function randomMethod(random: Random): MethodOptions {
  const maxAttempts = 2 + random.int(4);
  return random.pick<MethodOptions>([
    { service },
    { service, retry: { codes: ["UNAVAILABLE", "ABORTED"], maxAttempts } },
    { service, hedging: { maxAttempts, delayMs: random.pick([0, 5, 50]), nonFatalCodes: ["UNAVAILABLE", "ABORTED"] } },
  ]);
}

/** Performs a random step of a peer. */
function stepOf(random: Random, attempt: FakeAttempt, answered: Map<FakeAttempt, number>): void {
  const messages = answered.get(attempt);
  const step = random.int(10);
  if (step < 3) {
    if (messages === undefined) {
      answered.set(attempt, 0);
      attempt.header();
    }
  } else if (step < 6) {
    if (messages === undefined || attempt.pulls === 0) return;
    answered.set(attempt, messages + 1);
    attempt.message(`${attempt.peer}/${messages}`);
  } else if (step < 8) attempt.drain();
  else if (step === 8) attempt.end(random.pick([Code.UNAVAILABLE, Code.ABORTED, Code.INTERNAL]), randomEnd(random));
  else attempt.end(Code.OK);
}

function randomEnd(random: Random) {
  const pushback = random.pick([undefined, undefined, undefined, "0", "20", "-1", "x"]);
  return {
    progress: random.pick(["processed", "processed", "refused", "unsent"] as const),
    ...(pushback === undefined ? {} : { pushback }),
  };
}

/** Expects that each attempt has received the requests that were sent while it ran. */
function expectRequests(attempts: readonly FakeAttempt[], sent: readonly string[], halfClosed: boolean): void {
  for (const attempt of attempts) {
    expect(sent.slice(0, attempt.sent.length)).toEqual(attempt.sent);
    if (!attempt.runs) continue;
    expect(attempt.sent, "a running attempt has all requests").toEqual(sent);
    expect(attempt.halfClosed).toBe(halfClosed);
  }
}

function oneCall(random: Random): void {
  const options: RetryChannelOptions = {
    methods: [randomMethod(random)],
    retryBuffer: { perCallBytes: random.pick([0, 300, 2 ** 20]) },
    ...(random.chance(0.3) ? { retryThrottling: { maxTokens: 4, tokenRatio: 0.5 } } : {}),
  };
  const retries = new Retries(options);
  const [source, listener] = [new FakeSource(), new FakeListener()];
  source.onOpen = (attempt) => {
    attempt.room = random.chance(0.8);
  };
  const unary = random.chance(0.3);
  const stream = retries.open(outgoing(unary ? { request: Buffer.from("only") } : {}), listener, source);
  const answered = new Map<FakeAttempt, number>();
  const sent: string[] = unary ? ["only"] : [];
  let [pulls, halfClosed, cancelled] = [0, false, false];
  /** The number of drains when `send` last returned false, or -1 if it returned true. */
  let blockedAt = -1;
  const settled = () => cancelled || listener.statuses.length > 0;
  for (let step = 0; step < 60 && !settled(); step++) {
    const what = random.int(12);
    if (what < 2) {
      pulls++;
      stream.pull();
    } else if (what < 4 && !unary && !halfClosed) {
      const message = `${sent.length}`;
      sent.push(message);
      blockedAt = stream.send(Buffer.from(message), true) ? -1 : listener.drains;
    } else if (what === 4 && !unary && !halfClosed && random.chance(0.3)) {
      halfClosed = true;
      stream.halfClose();
    } else if (what === 5) vi.advanceTimersByTime(random.pick([1, 10, 100, 2_000]));
    else if (what === 6 && random.chance(0.1)) {
      cancelled = true;
      stream.cancel(Code.CANCELLED, "random");
    } else {
      const running = source.attempts.filter(({ runs }) => runs);
      if (running.length > 0) stepOf(random, random.pick(running), answered);
    }
    if (settled()) break;
    expectRequests(source.attempts, sent, halfClosed);
    // A caller waits for room only while no attempt has room.
    const running = source.attempts.filter(({ runs }) => runs);
    if (blockedAt === listener.drains && running.length > 0) expect(running.map(({ room }) => room)).not.toContain(true);
    else if (blockedAt !== -1 && blockedAt !== listener.drains) expect(listener.drains).toBe(blockedAt + 1);
  }
  for (let round = 0; round < 100 && !settled(); round++) {
    vi.advanceTimersByTime(2_000);
    source.attempts.find(({ runs }) => runs)?.end(Code.INTERNAL);
  }
  vi.advanceTimersByTime(10_000);
  expect(listener.statuses).toHaveLength(cancelled ? 0 : 1);
  expect(source.attempts.filter(({ runs }) => runs)).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
  expect(retries.bufferedBytes).toBe(0);
  expect(listener.headers.length).toBeLessThanOrEqual(1);
  expect(listener.messages.length).toBeLessThanOrEqual(pulls);
  const [peer] = listener.headers;
  // All messages come from the attempt whose header arrived, in order and without duplicates.
  expect(listener.messages).toEqual(listener.messages.map((_, index) => `${peer}/${index}`));
  const committed = source.attempts.find((attempt) => attempt.peer === peer);
  if (committed !== undefined && !cancelled) {
    expect(listener.messages).toHaveLength(answered.get(committed) ?? -1);
    expect(listener.statuses[0]?.message).toBe(peer);
  }
  const policy = options.methods?.[0];
  const numbers = source.attempts.map(({ call }) => call.previousAttempts);
  expect(Math.max(...numbers)).toBeLessThan(policy?.retry ? (policy.retry.maxAttempts ?? 4) : (policy?.hedging?.maxAttempts ?? 1));
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("random calls", () => {
  test(`${runs} calls, seed ${seed}`, () => {
    for (let run = 0; run < runs; run++) {
      try {
        oneCall(makeRandom(seed + run));
      } catch (error) {
        throw new Error(`RETRY_SEED=${seed + run} RETRY_RUNS=1: ${(error as Error).message}`, { cause: error });
      }
    }
  });

  test("the tokens match the count of successes and failures", () => {
    const random = makeRandom(seed);
    const methods: MethodOptions[] = [{ service, retry: { codes: ["UNAVAILABLE"], maxAttempts: 5, initialBackoffMs: 1 } }];
    const retries = new Retries({ methods, retryThrottling: { maxTokens: 10, tokenRatio: 0.25 } });
    let tokens = 10;
    for (let call = 0; call < 500; call++) {
      const [source, listener] = [new FakeSource(), new FakeListener()];
      retries.open(outgoing({ request: Buffer.from("r") }), listener, source);
      while (listener.statuses.length === 0) {
        const [attempts, open] = [source.attempts.length, tokens - 1 > 5];
        const outcome = random.pick(["ok", "ok", "ok", "refused", "fatal", "retryable", "forbidden"] as const);
        if (outcome === "ok") source.last.end(Code.OK);
        else if (outcome === "refused") source.last.end(Code.INTERNAL, { progress: "refused" });
        else if (outcome === "fatal") source.last.end(Code.INTERNAL);
        else source.last.end(Code.UNAVAILABLE, outcome === "forbidden" ? { pushback: "-5" } : {});
        vi.advanceTimersByTime(2_000);
        if (outcome === "ok") tokens = Math.min(tokens + 0.25, 10);
        if (outcome === "retryable" || outcome === "forbidden") tokens = Math.max(tokens - 1, 0);
        expect(retries.tokens).toBe(tokens);
        if (outcome === "retryable" && source.last.call.previousAttempts < 4 && listener.statuses.length === 0) expect(open).toBe(true);
        if (outcome === "retryable" && !open) expect(source.attempts).toHaveLength(attempts);
      }
    }
  });
});
