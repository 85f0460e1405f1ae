// Faults on purpose: calls that are slow, fail, or break off.
import { setTimeout as delay } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import { checkBoolean, checkCount, checkNumber, checkObject, checkOptionNames, type Names, outOfRange, wrongType } from "../checks.ts";
import { type Code, codeFrom } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { methodPath } from "../protocol/method.ts";
import { StreamReset } from "../protocol/stream-reset.ts";
import type { AnyCall, AnyInterceptor } from "./interceptor.ts";

/** Options of `faults()`. A call that is hit has all the faults that are given. */
export interface FaultOptions {
  /** The share of calls that are hit, from 0 to 1. Default: 1, every call. */
  readonly rate?: number | undefined;
  /**
   * How long a call waits before it goes on, in milliseconds, or the shortest and the longest wait.
   * Default: 0.
   */
  readonly latencyMs?: number | readonly [shortest: number, longest: number] | undefined;
  /** The status with which a call fails, or the error. Default: none. */
  readonly status?: Code | RpcError | undefined;
  /**
   * The stream of the call is reset, and the caller sees INTERNAL. A server over HTTP/2 sends
   * RST_STREAM with INTERNAL_ERROR, and the caller may lose responses that it has not read; within the
   * process, and over grpc-js, the call ends with the status INTERNAL. Not together with `status`.
   * Default: false.
   */
  readonly reset?: boolean | undefined;
  /**
   * When a call fails, with `status` or `reset`. With false, it fails before its handler runs. With
   * true, it fails once its handler has run: a single response is lost, and a stream of responses
   * fails at its end. With a number, a stream fails after that many responses. Default: false.
   */
  readonly after?: boolean | number | undefined;
  /** The seed of the random choices: equal seeds make equal choices. Default: 1. */
  readonly seed?: number | undefined;
}

const names: Names<FaultOptions> = { rate: true, latencyMs: true, status: true, reset: true, after: true, seed: true };

/**
 * Returns an interceptor, for servers and clients, that makes calls of all four kinds fail. Which
 * calls it hits depends on the seed and on the order of the calls only.
 *
 * @example
 * const client = mockClient(Greeter, greeter, {
 *   server: { interceptors: [faults({ rate: 0.3, status: Code.UNAVAILABLE })] },
 * });
 *
 * @throws TypeError or RangeError for a wrong option.
 */
export function faults(options: FaultOptions): AnyInterceptor {
  checkOptionNames("faults()", checkObject("the options of faults()", options), names);
  const { rate = 1, seed = 1, latencyMs = 0, status, reset = false, after = false } = options;
  checkNumber("rate", "a number from 0 to 1", rate, (share) => share >= 0 && share <= 1);
  checkNumber("seed", "an integer", seed, Number.isInteger);
  const [shortest, longest] = checkLatency(latencyMs);
  if (checkBoolean("reset", reset) && status !== undefined) throw new TypeError("faults() has either status or reset, got both");
  if (typeof after !== "boolean") checkCount("after", after, 0);
  if (after !== false && !reset && status === undefined)
    throw new TypeError(`after requires status or reset, got after ${after} without either`);
  const failure = reset ? resetOf : status === undefined ? undefined : failureOf(status);
  const random = randomFrom(seed);
  return async (call, next) => {
    if (random() >= rate) return next();
    const waitMs = shortest + random() * (longest - shortest);
    if (waitMs > 0) await delay(waitMs, undefined, { signal: call.signal });
    if (failure === undefined) return next();
    if (after === false) throw failure(call);
    const { messages } = await next();
    if (messages === undefined) throw failure(call);
    return { messages: broken(messages, after === true ? Number.POSITIVE_INFINITY : after, () => failure(call)) };
  };
}

/** @returns the shortest and the longest wait. */
function checkLatency(latencyMs: number | readonly [number, number]): readonly [number, number] {
  const range = Array.isArray(latencyMs) ? latencyMs : [latencyMs, latencyMs];
  const expected = "a number of milliseconds, or [shortest, longest]";
  if (range.length !== 2) throw wrongType("latencyMs", expected, latencyMs);
  const [shortest, longest] = range.map((ms: unknown) => checkNumber("latencyMs", expected, ms, (ms) => ms >= 0 && ms < 2 ** 31));
  if (shortest === undefined || longest === undefined || shortest > longest) throw outOfRange("latencyMs", expected, latencyMs);
  return [shortest, longest];
}

type Failure = (call: AnyCall) => RpcError;

function resetOf({ method }: AnyCall): RpcError {
  return new StreamReset(methodPath(method));
}

function failureOf(status: Code | RpcError): Failure {
  if (status instanceof RpcError) return () => status;
  const code = checkNumber("status", "a status code other than OK, or an RpcError", status, (code) => code > 0 && codeFrom(code) === code);
  return () => new RpcError(codeFrom(code), "a fault on purpose");
}

/** The first messages of a stream, and then the failure. */
async function* broken(messages: AsyncIterable<Message>, count: number, failure: () => RpcError): AsyncGenerator<Message, undefined> {
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (let sent = 0; sent < count; sent++) {
      const { done, value } = await iterator.next();
      if (done) break;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
  throw failure();
}

/** Random numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
