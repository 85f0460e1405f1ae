import { checkCount, checkEntry, checkFrom, checkPosition, checkTime, checkTopic, isLast } from "./checks.ts";
import { ahead, closed, trimmed } from "./error.ts";
import type { Live, SubscribeOptions } from "./live.ts";
import type { Log } from "./log.ts";
import { subscription } from "./reader.ts";
import { Tail } from "./tail.ts";

/** Makes a Live of a log. */
export function liveOver(log: Log): Live {
  const tails = new Map<string, Tail>();
  let isClosed = false;
  const checkOpen = () => {
    if (isClosed) throw closed();
  };

  const tailOf = (topic: string, end: bigint): Tail => {
    const existing = tails.get(topic);
    if (existing !== undefined) return existing;
    const tail = new Tail(log, topic, end, () => {
      if (tails.get(topic) === tail) tails.delete(topic);
    });
    tails.set(topic, tail);
    return tail;
  };

  /** Finds a place that only the log knows. */
  const find = async (topic: string, from: SubscribeOptions["from"]) => {
    if (from instanceof Date) return log.before(topic, from);
    return isLast(from) && from.last > 0 ? log.beforeLast(topic, from.last) : undefined;
  };

  return {
    async publish(topic, data, { id } = {}) {
      checkTopic(topic);
      checkEntry(data, id);
      checkOpen();
      return log.append(topic, data, id);
    },
    async subscribe(topic, options: SubscribeOptions = {}) {
      const { from = "end", maxBehind = 10_000, signal } = options;
      checkTopic(topic);
      checkFrom(from);
      checkCount("maxBehind", maxBehind, Number.MAX_SAFE_INTEGER);
      checkOpen();
      // Before the bounds, so that it cannot be after the end.
      const before = await find(topic, from);
      const { start, end } = await log.bounds(topic);
      checkOpen();
      const position = positionOf(from, { start, end, before });
      if (position > end) throw ahead(topic, position, end);
      if (position < start) throw trimmed(topic, position);
      return subscription({ log, topic, tail: tailOf(topic, end), position, maxBehind, signal });
    },
    async read(topic, { after, limit = 100 } = {}) {
      checkTopic(topic);
      if (after instanceof Date) checkTime("after", after);
      else if (after !== undefined) checkPosition("after", after);
      checkCount("limit", limit, 1_000);
      checkOpen();
      const position = after instanceof Date ? await log.before(topic, after) : after;
      return log.read(topic, position ?? (await log.bounds(topic)).start, limit);
    },
    async trim(topic, upTo) {
      checkTopic(topic);
      checkPosition("upTo", upTo);
      checkOpen();
      await log.trim(topic, upTo);
    },
    async ready() {
      checkOpen();
      await log.ready();
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      for (const tail of [...tails.values()]) tail.fail(closed());
      await log.close();
    },
  };
}

interface Places {
  readonly start: bigint;
  readonly end: bigint;
  readonly before: bigint | undefined;
}

function positionOf(from: NonNullable<SubscribeOptions["from"]>, { start, end, before }: Places): bigint {
  if (from === "start") return start;
  if (from === "end" || (isLast(from) && from.last === 0)) return end;
  if (typeof from === "bigint") return from;
  // What was trimmed since is no longer part of the topic.
  return before === undefined || before < start ? start : before;
}
