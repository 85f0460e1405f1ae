// What each log does, whatever it is made of.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Live, LiveError, memoryLive } from "../src/index.ts";
import { postgresLive } from "../src/postgres/index.ts";
import { bytes, numbered, publishAll, take, text } from "./entries.ts";
import { kinds, type LogUnderTest } from "./logs.ts";

for (const kind of kinds) {
  describe.skipIf(kind.missing !== undefined)(`${kind.name}${kind.missing ? `: ${kind.missing}` : ""}`, () => {
    let log: LogUnderTest;
    let live: Live;
    let topics = 0;
    const newTopic = () => `topic ${++topics}`;

    beforeAll(async () => {
      log = await kind.start();
      live = log.open();
    }, 60_000);
    afterAll(() => log?.[Symbol.asyncDispose]());

    test("a subscription from the start returns what is stored, then what is published", async () => {
      const topic = newTopic();
      await publishAll(live, topic, "", 3);
      await using subscription = disposable(await live.subscribe(topic, { from: "start" }));
      expect(await take(subscription.value, 3)).toEqual(["0", "1", "2"]);
      const next = take(subscription.value, 2);
      await publishAll(live, topic, "", 2, 3);
      expect(await next).toEqual(["3", "4"]);
    });

    test("a subscription from the end returns only what is published after it opened", async () => {
      const topic = newTopic();
      await publishAll(live, topic, "old ", 2);
      await using subscription = disposable(await live.subscribe(topic));
      await publishAll(live, topic, "new ", 2);
      expect(await take(subscription.value, 2)).toEqual(["new 0", "new 1"]);
    });

    test("a subscription from a position continues after it, in another process as well", async () => {
      const topic = newTopic();
      const positions: bigint[] = [];
      for (const data of ["a", "b", "c", "d"]) positions.push(await live.publish(topic, bytes(data)));
      expect(positions.toSorted((one, other) => (one < other ? -1 : 1))).toEqual(positions);
      expect(new Set(positions).size).toBe(4);
      await using subscription = disposable(await log.open().subscribe(topic, { from: positions[1] as bigint }));
      expect(subscription.value.position).toBe(positions[1]);
      expect(await take(subscription.value, 2)).toEqual(["c", "d"]);
      expect(subscription.value.position).toBe(positions[3]);
    });

    test("a subscription from the last entries begins with them, also between the entries of other topics", async () => {
      const topic = newTopic();
      await publishAll(live, topic, "", 5);
      await publishAll(live, `${topic} other`, "other ", 40);
      await publishAll(live, topic, "", 2, 5);
      await publishAll(live, `${topic} other`, "other ", 3);
      for (const [last, expected] of [
        [2, ["5", "6"]],
        [4, ["3", "4", "5", "6"]],
        [50, ["0", "1", "2", "3", "4", "5", "6"]],
      ] as const) {
        await using subscription = disposable(await live.subscribe(topic, { from: { last } }));
        expect(await take(subscription.value, expected.length)).toEqual(expected);
      }
      await using none = disposable(await live.subscribe(topic, { from: { last: 0 } }));
      await publishAll(live, topic, "", 1, 7);
      expect(await take(none.value, 1)).toEqual(["7"]);
    });

    test("entries have the position that publish returned, the time, and their bytes", async () => {
      const topic = newTopic();
      const data = Uint8Array.from({ length: 256 }, (_, i) => i);
      const before = Date.now();
      const position = await live.publish(topic, data);
      await live.publish(topic, new Uint8Array());
      const [entry, empty] = await live.read(topic);
      expect(entry?.position).toBe(position);
      expect([...(entry?.data ?? [])]).toEqual([...data]);
      expect(entry?.time.getTime()).toBeGreaterThanOrEqual(before - 1_000);
      expect(entry?.time.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
      expect(empty?.data.length).toBe(0);
      // An array of its own, rather than a part of what a socket has read.
      expect(Object.getPrototypeOf(entry?.data)).toBe(Uint8Array.prototype);
      expect(entry?.data.buffer.byteLength).toBe(256);
      await using subscription = disposable(await live.subscribe(topic));
      await live.publish(topic, data);
      expect((await subscription.value.next()).value?.data.buffer.byteLength).toBe(256);
    });

    test.each(["room.1", "*", ">", "a b", "你好", "=", "'; DROP TABLE x", "é", "x".repeat(200), "😀".repeat(50)])(
      "topic %s is a topic of its own",
      async (name) => {
        const topic = `${name.slice(0, 190)}${++topics}`;
        await using subscription = disposable(await live.subscribe(topic));
        await live.publish(`${topic}x`, bytes("other"));
        await live.publish(topic, bytes("mine"));
        expect(await take(subscription.value, 1)).toEqual(["mine"]);
        expect((await live.read(topic)).map(text)).toEqual(["mine"]);
      },
    );

    test("an id is published once, also by calls at the same time", async () => {
      const topic = newTopic();
      const other = log.open();
      const first = await live.publish(topic, bytes("once"), { id: "1" });
      const repeated = await Promise.all(
        numbered("", 10).map((_, i) => (i % 2 ? live : other).publish(topic, bytes("again"), { id: "1" })),
      );
      expect(new Set(repeated)).toEqual(new Set([first]));
      const together = await Promise.all(numbered("", 10).map((_, i) => (i % 2 ? live : other).publish(topic, bytes("two"), { id: "2" })));
      expect(new Set(together).size).toBe(1);
      await live.publish(`${topic} other`, bytes("own"), { id: "1" });
      expect((await live.read(topic)).map(text)).toEqual(["once", "two"]);
      expect((await live.read(`${topic} other`)).map(text)).toEqual(["own"]);
    });

    test("publishers at the same time leave no gap, and each reader sees the same order", async () => {
      const topic = newTopic();
      const lives = [live, log.open(), log.open()];
      const subscriptions = await Promise.all(lives.map((one) => one.subscribe(topic)));
      const taken = Promise.all(subscriptions.map((subscription) => take(subscription, 300)));
      await Promise.all(numbered("", 30).map(async (_, i) => publishAll(lives[i % 3] as Live, topic, `${i}/`, 10)));
      const [order, ...others] = await taken;
      expect(new Set(order).size).toBe(300);
      for (const other of others) expect(other).toEqual(order);
      for (let i = 0; i < 30; i++) expect(order?.filter((entry) => entry.startsWith(`${i}/`))).toEqual(numbered(`${i}/`, 10));
      await Promise.all(subscriptions.map((subscription) => subscription.return()));
    });

    test("a reader that stops reading catches up from the log, across the window and the present", async () => {
      const topic = newTopic();
      const [slow, fast] = [await live.subscribe(topic), await live.subscribe(topic)];
      await publishAll(live, topic, "", 1);
      expect(await take(slow, 1)).toEqual(["0"]);
      for (let i = 1; i < 2_000; i += 100) {
        await Promise.all(numbered("", 100, i).map((entry) => live.publish(topic, bytes(entry))));
      }
      const all = await take(fast, 2_001);
      expect(new Set(all).size).toBe(2_001);
      const publishing = publishAll(live, topic, "late ", 50);
      expect(await take(slow, 2_050)).toEqual([...all.slice(1), ...numbered("late ", 50)]);
      await publishing;
      await Promise.all([slow.return(), fast.return()]);
    });

    test("a reader that falls too far behind fails with its position, from which it can continue", async () => {
      const topic = newTopic();
      const slow = await live.subscribe(topic, { maxBehind: 10 });
      await using fast = disposable(await live.subscribe(topic));
      const position = await publishAll(live, topic, "", 1);
      expect(await take(slow, 1)).toEqual(["0"]);
      const idle = slow.next();
      await publishAll(live, topic, "", 20, 1);
      expect(await take(fast.value, 21)).toHaveLength(21);
      expect(text((await idle).value as never)).toBe("1");
      const error = await slow.next().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(LiveError);
      expect(error).toMatchObject({ reason: "behind" });
      const { position: last } = error as LiveError;
      expect(last).toBeGreaterThan(position);
      expect(await slow.next()).toEqual({ done: true, value: undefined });
      await using again = disposable(await live.subscribe(topic, { from: last as bigint, maxBehind: 10 }));
      expect(await take(again.value, 19)).toEqual(numbered("", 19, 2));
    });

    test("a page ends at its limit and at its size, and pages have no gaps", async () => {
      const topic = newTopic();
      await Promise.all(numbered("", 12).map((entry) => live.publish(topic, new Uint8Array(200_000).fill(Number(entry)))));
      const all: bigint[] = [];
      for (let after: bigint | undefined; ; after = all.at(-1)) {
        const page = await live.read(topic, { limit: 7, ...(after === undefined ? {} : { after }) });
        if (page.length === 0) break;
        expect(page.length).toBeLessThan(7);
        all.push(...page.map((entry) => entry.position));
      }
      expect(all).toHaveLength(12);
      expect(await live.read(topic, { limit: 1 })).toHaveLength(1);
    });

    test("a subscription and a page from a time begin with the first entry that was stored then", async () => {
      const topic = newTopic();
      await publishAll(live, topic, "", 2);
      await sleep(20);
      const time = new Date();
      await sleep(20);
      expect(await live.read(topic, { after: time })).toEqual([]);
      await using waiting = disposable(await live.subscribe(topic, { from: time }));
      await publishAll(live, topic, "", 2, 2);
      await using subscription = disposable(await live.subscribe(topic, { from: time }));
      for (const { value } of [subscription, waiting]) expect(await take(value, 2)).toEqual(["2", "3"]);
      expect((await live.read(topic, { after: time })).map(text)).toEqual(["2", "3"]);
      expect((await live.read(topic, { after: new Date(0) })).map(text)).toEqual(["0", "1", "2", "3"]);
      expect(await live.read(topic, { after: new Date(Date.now() + 3_600_000) })).toEqual([]);
      expect(await live.read(newTopic(), { after: time })).toEqual([]);
    });

    test("trim deletes the entries up to a position, and the topic goes on", async () => {
      const topic = newTopic();
      const positions: bigint[] = [];
      for (const data of ["a", "b", "c", "d"]) positions.push(await live.publish(topic, bytes(data)));
      const [, second = 0n, , last = 0n] = positions;
      await live.publish(`${topic} other`, bytes("stays"));
      await live.trim(topic, second);
      await live.trim(topic, second);
      expect((await live.read(topic)).map(text)).toEqual(["c", "d"]);
      expect((await live.read(topic, { after: second })).map(text)).toEqual(["c", "d"]);
      expect((await live.read(topic, { after: new Date(0) })).map(text)).toEqual(["c", "d"]);
      await using subscription = disposable(await live.subscribe(topic, { from: "start" }));
      expect(await take(subscription.value, 2)).toEqual(["c", "d"]);
      await live.trim(topic, last);
      expect(await live.read(topic)).toEqual([]);
      expect(await live.publish(topic, bytes("e"))).toBeGreaterThan(last);
      expect(await take(subscription.value, 1)).toEqual(["e"]);
      expect((await live.read(`${topic} other`)).map(text)).toEqual(["stays"]);
      await expect(live.subscribe(topic, { from: positions[0] as bigint })).rejects.toMatchObject({ reason: "trimmed" });
      await expect(live.read(topic, { after: second })).rejects.toMatchObject({ reason: "trimmed", position: second });
      await using other = disposable(await live.subscribe(`${topic} other`, { from: "start" }));
      expect(await take(other.value, 1)).toEqual(["stays"]);
    });

    test("a position after the end is refused", async () => {
      const topic = newTopic();
      const position = await live.publish(topic, bytes("x"));
      await expect(live.subscribe(topic, { from: position + 1_000_000n })).rejects.toMatchObject({ reason: "ahead" });
    });

    test("return and the signal end an iteration that waits, and one whose entries nobody takes", async () => {
      const topic = newTopic();
      const returned = await live.subscribe(topic);
      const pending = returned.next();
      await returned.return();
      expect(await pending).toEqual({ done: true, value: undefined });
      const end = new AbortController();
      const aborted = await live.subscribe(topic, { signal: end.signal });
      const waiting = aborted.next();
      end.abort();
      expect(await waiting).toEqual({ done: true, value: undefined });
      const already = await live.subscribe(topic, { signal: AbortSignal.abort() });
      expect(await already.next()).toEqual({ done: true, value: undefined });
      await live.publish(topic, bytes("still works"));
    });

    test("arguments that no log takes are refused by name", async () => {
      await expect(live.publish("", bytes("x"))).rejects.toThrow("topic must be 1 to 200 characters long, got 0");
      await expect(live.publish("x".repeat(201), bytes("x"))).rejects.toThrow("topic must be 1 to 200 characters long, got 201");
      await expect(live.publish("a\0b", bytes("x"))).rejects.toThrow("topic must be valid Unicode");
      await expect(live.publish("\ud800", bytes("x"))).rejects.toThrow("topic must be valid Unicode");
      await expect(live.publish("x", new Uint8Array(262_145))).rejects.toThrow("data must have at most 262144 bytes, got 262145");
      await expect(live.publish("x", "text" as never)).rejects.toThrow("data must be a Uint8Array, got string");
      await expect(live.publish("x", bytes(""), { id: "" })).rejects.toThrow("id must be 1 to 200 characters long, got 0");
      await expect(live.subscribe("x", { from: 5 as never })).rejects.toThrow(
        'from must be a bigint, a Date, "start", "end" or { last }, got 5',
      );
      await expect(live.subscribe("x", { from: new Date(Number.NaN) })).rejects.toThrow(
        "from must be a time from the year 1 to 9999, got Invalid Date",
      );
      await expect(live.subscribe("x", { from: { last: -1 } })).rejects.toThrow("from.last must be an integer from 0 to 10000, got -1");
      await expect(live.trim("x", -1n)).rejects.toThrow("upTo must be from 0 to");
      await expect(live.subscribe("x", { from: -1n })).rejects.toThrow("from must be from 0 to");
      await expect(live.subscribe("x", { maxBehind: 0 })).rejects.toThrow("maxBehind must be an integer from 1");
      await expect(live.read("x", { limit: 1_001 })).rejects.toThrow("limit must be an integer from 1 to 1000, got 1001");
    });

    test("1,000 subscribers each see every entry in order", async () => {
      const topic = newTopic();
      const other = log.open();
      const subscriptions = await Promise.all(numbered("", 1_000).map((_, i) => (i % 2 ? live : other).subscribe(topic)));
      const taken = Promise.all(subscriptions.map((subscription) => take(subscription, 50)));
      await publishAll(live, topic, "", 50);
      for (const texts of await taken) expect(texts).toEqual(numbered("", 50));
      await Promise.all(subscriptions.map((subscription) => subscription.return()));
    });

    if (kind.name === "pglite") {
      test("a transaction publishes when it commits, and not if it rolls back", async () => {
        const { pglite } = log;
        if (pglite === undefined) throw new Error("the log has no PGlite");
        const own = postgresLive({ pglite });
        const topic = newTopic();
        await own.ready();
        await using subscription = disposable(await own.subscribe(topic));
        await pglite.transaction(async (transaction) => {
          await own.publishIn(transaction, topic, bytes("rolled back"));
          await transaction.rollback();
        });
        await pglite.transaction((transaction) => own.publishIn(transaction, topic, bytes("committed"), { id: "1" }));
        expect(await take(subscription.value, 1)).toEqual(["committed"]);
        expect(subscription.value.position).toBe(1n);
        await own.close();
      });
    }

    test("close fails the iterations and all later calls", async () => {
      const closing = kind.name === "memory" ? memoryLive() : log.open();
      const subscription = await closing.subscribe("x");
      const pending = expect(subscription.next()).rejects.toMatchObject({ reason: "closed" });
      await closing.close();
      await pending;
      await expect(closing.publish("x", bytes("x"))).rejects.toMatchObject({ reason: "closed" });
      await expect(closing.subscribe("x")).rejects.toMatchObject({ reason: "closed" });
      await expect(closing.ready()).rejects.toMatchObject({ reason: "closed" });
    });
  });
}

function disposable<T extends { return(): Promise<unknown> }>(value: T) {
  return { value, [Symbol.asyncDispose]: async () => void (await value.return()) };
}
