// What readers and publishers see while the log's server is away, and afterwards.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Live } from "../src/index.ts";
import { bytes, take, text } from "./entries.ts";
import { kinds, type LogUnderTest } from "./logs.ts";
import { publishUntilStored } from "./publish-until-stored.ts";

for (const kind of kinds.filter(({ hasServer }) => hasServer)) {
  describe.skipIf(kind.missing !== undefined)(`${kind.name}${kind.missing ? `: ${kind.missing}` : ""}`, () => {
    let log: LogUnderTest;
    beforeAll(async () => {
      log = await kind.start();
    }, 60_000);
    afterAll(() => log?.[Symbol.asyncDispose]());

    test("crashes and stops of the server in mid-stream lose and double nothing, in any process", { timeout: 120_000 }, async () => {
      const topic = randomUUID();
      const lives = Array.from({ length: 3 }, () => log.open());
      const subscriptions = await Promise.all(lives.flatMap((live) => [live.subscribe(topic), live.subscribe(topic, { from: "start" })]));
      let stopped = false;
      const published = Promise.all(
        lives.slice(0, 2).map(async (live, publisher) => {
          const stored: string[] = [];
          while (!stopped || stored.length < 30) {
            const data = `${publisher}/${stored.length}`;
            await publishUntilStored(live, topic, data);
            stored.push(data);
            await sleep(2);
          }
          return stored;
        }),
      );
      for (const end of ["crash", "stop"] as const) {
        await sleep(300);
        await log.server?.[end]();
        await sleep(200);
        await log.server?.start();
      }
      await sleep(300);
      stopped = true;
      const stored = await published;
      const count = stored.flat().length;
      expect(count).toBeGreaterThan(50);
      const [order = [], ...others] = await Promise.all(subscriptions.map((subscription) => take(subscription, count)));
      for (const other of others) expect(other).toEqual(order);
      for (const [publisher, all] of stored.entries()) expect(order.filter((entry) => entry.startsWith(`${publisher}/`))).toEqual(all);
      await publishUntilStored(lives[2] as Live, topic, "last");
      for (const subscription of subscriptions) expect(await take(subscription, 1)).toEqual(["last"]);
      await Promise.all(subscriptions.map((subscription) => subscription.return()));
    });

    test("during an outage calls fail as unavailable; subscriptions wait, also those that read old entries", {
      timeout: 60_000,
    }, async () => {
      const topic = randomUUID();
      const live = log.open();
      for (let i = 0; i < 600; i++) await live.publish(topic, bytes(`${i}`));
      const old = await live.subscribe(topic, { from: "start" });
      expect(await take(old, 1)).toEqual(["0"]);
      const waiting = await live.subscribe(topic);
      const next = waiting.next();
      await log.server?.crash();
      const away = log.open();
      const calls = [live, away].flatMap((one) => [one.publish(topic, bytes("lost")), one.subscribe(topic), one.read(topic), one.ready()]);
      for (const result of await Promise.allSettled(calls)) expect(result).toMatchObject({ reason: { reason: "unavailable" } });
      const rest = take(old, 599);
      await log.server?.start();
      await publishUntilStored(away, topic, "after");
      expect(await rest).toEqual(Array.from({ length: 599 }, (_, i) => `${i + 1}`));
      const { value } = await next;
      // NATS may have received what was published during the outage when its connection was back.
      expect(["lost", "after"]).toContain(value && text(value));
      await Promise.all([live.ready(), away.ready(), old.return(), waiting.return()]);
    });

    test("close works during an outage", { timeout: 30_000 }, async () => {
      const live = log.open();
      const subscription = await live.subscribe("closed");
      const pending = expect(subscription.next()).rejects.toMatchObject({ reason: "closed" });
      await log.server?.crash();
      await live.close();
      await pending;
      await log.server?.start();
    });
  });
}
