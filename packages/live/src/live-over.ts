import { checkCount, checkEntry, checkFrom, checkPosition, checkTime, checkTopic, isLast } from "./checks.ts";
import { closed } from "./error.ts";
import type { Live, SubscribeOptions } from "./live.ts";
import type { Log } from "./log.ts";
import { type Place, subscriptionsTo } from "./subscriptions.ts";

/** Makes a Live of a log. */
export function liveOver(log: Log): Live {
  const subscriptions = subscriptionsTo(log);
  let isClosed = false;
  const checkOpen = () => {
    if (isClosed) throw closed();
  };

  const placeOf = async (topic: string, from: NonNullable<SubscribeOptions["from"]>): Promise<Place> => {
    // What was trimmed since is no longer part of the topic.
    if (from instanceof Date) return { atLeast: await log.before(topic, from) };
    if (!isLast(from)) return from;
    return from.last === 0 ? "end" : { atLeast: await log.beforeLast(topic, from.last) };
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
      return subscriptions.subscribe(topic, { from: await placeOf(topic, from), maxBehind, signal });
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
      subscriptions.close();
      await log.close();
    },
  };
}
