import { checkCount, checkEntry, checkFrom, checkPosition, checkTopic } from "./checks.ts";
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
      const { start, end } = await log.bounds(topic);
      checkOpen();
      const position = from === "start" ? start : from === "end" ? end : from;
      if (position > end) throw ahead(topic, position, end);
      if (position < start) throw trimmed(topic, position);
      return subscription({ log, topic, tail: tailOf(topic, end), position, maxBehind, signal });
    },
    async read(topic, { after, limit = 100 } = {}) {
      checkTopic(topic);
      if (after !== undefined) checkPosition("after", after);
      checkCount("limit", limit, 1_000);
      checkOpen();
      return log.read(topic, after ?? (await log.bounds(topic)).start, limit);
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
