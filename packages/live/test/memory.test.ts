// What only the log in memory does: it keeps a limited number of entries and topics.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { memoryLive } from "../src/index.ts";
import { numbered, publishAll, take, text } from "./entries.ts";

test("a topic keeps maxEntries, and readers of older ones are told", async () => {
  const live = memoryLive({ maxEntries: 10 });
  const slow = await live.subscribe("topic");
  const { position } = slow;
  const last = await publishAll(live, "topic", "", 5_000);
  const kept = (await live.read("topic", { limit: 1_000 })).map(text);
  expect(kept.length).toBeGreaterThanOrEqual(10);
  expect(kept.length).toBeLessThan(16);
  expect(kept).toEqual(numbered("", kept.length, 5_000 - kept.length));
  await expect(slow.next()).rejects.toMatchObject({ reason: "trimmed", position });
  await expect(live.subscribe("topic", { from: position })).rejects.toMatchObject({ reason: "trimmed" });
  const rest = await live.subscribe("topic", { from: last - 3n });
  expect(await take(rest, 3)).toEqual(["4997", "4998", "4999"]);
  await live.close();
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

test("a thousand readers that never read keep no entries", async () => {
  const live = memoryLive({ maxEntries: 100 });
  const slow = await Promise.all(numbered("", 1_000).map(() => live.subscribe("topic")));
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 20_000; i++) await live.publish("topic", new Uint8Array(16_384));
  const kept = () => {
    collect();
    return process.memoryUsage().arrayBuffers - before;
  };
  // V8 frees array buffers in another thread.
  await expect.poll(kept).toBeLessThan(100 * 1024 * 1024);
  await Promise.all(slow.map((subscription) => subscription.return()));
  await live.close();
});

test("one more topic than maxTopics deletes the oldest without followers", async () => {
  const live = memoryLive({ maxTopics: 3 });
  const followed = await live.subscribe("followed");
  const next = followed.next();
  const position = await publishAll(live, "old", "", 5);
  await publishAll(live, "newer", "", 1);
  await publishAll(live, "newest", "", 1);
  expect(await live.read("old")).toEqual([]);
  await expect(live.subscribe("old", { from: position - 1n })).rejects.toMatchObject({ reason: "trimmed" });
  expect((await live.read("newer")).map(text)).toEqual(["0"]);
  await publishAll(live, "followed", "", 1);
  expect((await next).done).toBe(false);
  expect(await publishAll(live, "old", "", 1)).toBeGreaterThan(position);
  await live.close();
});

test("readers of topics without entries delete none that has entries", async () => {
  const live = memoryLive({ maxTopics: 2 });
  await publishAll(live, "kept", "", 1);
  for (let i = 0; i < 5; i++) {
    const subscription = await live.subscribe(`read ${i}`);
    const end = subscription.next();
    await subscription.return();
    await end;
  }
  await publishAll(live, "another", "", 1);
  expect((await live.read("kept")).map(text)).toEqual(["0"]);
  await live.close();
});

test("a position of an earlier process is not mistaken for one of this process", async () => {
  const earlier = memoryLive();
  const position = await publishAll(earlier, "topic", "", 3);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const live = memoryLive();
  await publishAll(live, "topic", "", 100);
  await expect(live.subscribe("topic", { from: position })).rejects.toMatchObject({ reason: "trimmed", position });
});

test("limits that make no sense are refused by name", () => {
  expect(() => memoryLive({ maxEntries: 0 })).toThrow("maxEntries must be an integer from 1 to 10000000, got 0");
  expect(() => memoryLive({ maxTopics: 1.5 })).toThrow("maxTopics must be an integer from 1 to 10000000, got 1.5");
});
