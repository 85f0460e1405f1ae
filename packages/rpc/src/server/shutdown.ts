// Graceful shutdown of a server.
import { setTimeout as delay } from "node:timers/promises";
import type { DescMethod } from "@bufbuild/protobuf";
import { checkNumber, checkOptionNames, type Names, optional } from "../checks.ts";
import type { LinkedSet } from "../linked-set.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { RunningCall } from "./server-record.ts";

export interface ShutdownOptions {
  /** The grace period for running calls, in milliseconds. Default: 10,000. */
  readonly graceMs?: number | undefined;
  /**
   * How long calls may take to end after their signal has aborted, in milliseconds. Default: 1,000.
   */
  readonly abortMs?: number | undefined;
}

const names: Names<ShutdownOptions> = { graceMs: true, abortMs: true };

/** @throws TypeError or RangeError that names the option. */
export function checkShutdown(options: ShutdownOptions): void {
  checkOptionNames("shutdown()", options, names);
  optional(checkGrace, "graceMs", options.graceMs);
  optional(checkGrace, "abortMs", options.abortMs);
}

function checkGrace(name: string, value: unknown): number {
  return checkNumber(name, "a number of milliseconds from 0 on", value, (ms) => ms >= 0);
}

export interface ShutdownReport {
  /** The calls that did not end within the grace period. */
  readonly cut: readonly CutCall[];
}

export interface CutCall {
  readonly method: DescMethod;
  readonly peer: string;
  /**
   * `aborted`: the handler ended when its signal aborted. `forced`: the handler ignored the signal.
   * `unsent`: the handler had ended, but the caller did not read the response.
   */
  readonly how: "aborted" | "forced" | "unsent";
}

/**
 * How long the last statuses may take to be sent, in milliseconds. A peer that does not read gets
 * none.
 */
const lastStatusesMs = 100;

/**
 * Lets the running calls finish, aborts them after the grace period, and ends those that ignore the
 * abort.
 *
 * @param drained resolves when the last call has ended and its peer has the status.
 * @param unsent returns the calls that have ended, but whose responses have not been sent
 * completely.
 */
export async function endCalls(
  running: LinkedSet<RunningCall>,
  drained: Promise<unknown>,
  unsent: () => readonly Omit<CutCall, "how">[],
  { graceMs = 10_000, abortMs = 1_000 }: ShutdownOptions,
): Promise<ShutdownReport> {
  // Health watchers have got NOT_SERVING in an earlier tick. They are aborted now, because they
  // would watch for ever.
  const watchers = setImmediate(() => abort(running, (call) => call.method.parent.typeName.startsWith("grpc.")));
  const finished = await within(drained, graceMs);
  clearImmediate(watchers);
  if (finished) return { cut: [] };

  const waiting = unsent().map((call): CutCall => ({ ...call, how: "unsent" }));
  const slow = abort(running, () => true);
  if (slow.length > 0) await within(drained, abortMs);
  const cut = slow.map(({ call, method, peer }): CutCall => {
    if (!running.has(call)) return { method, peer, how: "aborted" };
    call.cutOff(shuttingDown());
    return { method, peer, how: "forced" };
  });
  if (slow.length > 0) await within(drained, lastStatusesMs);
  return { cut: [...cut, ...waiting] };
}

/** The longest duration of Node's timers, 24.8 days. A longer one fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Resolves with whether a promise settles in time. */
async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const timeout = delay(Math.min(ms, longestTimerMs), false, { signal: timer.signal }).catch(() => false);
  const outcome = await Promise.race([promise.then(() => true), timeout]);
  timer.abort();
  return outcome;
}

function abort(running: LinkedSet<RunningCall>, which: (call: RunningCall) => boolean) {
  const calls = [...running].filter(which).map((call) => ({ call, method: call.method, peer: call.peer }));
  for (const { call } of calls) call.abort(shuttingDown());
  return calls;
}

function shuttingDown(): RpcError {
  return new RpcError(Code.UNAVAILABLE, "the server is shutting down");
}
