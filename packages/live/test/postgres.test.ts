// What only PostgreSQL does: transactions, and readers whose connection or entries are gone.

import { setTimeout as sleep } from "node:timers/promises";
import { postgresMissing, startPostgres, type TestServer } from "@grpc-study/test-servers";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PostgresLive, postgresLive } from "../src/postgres/index.ts";
import { bytes, numbered, publishAll, take, text } from "./entries.ts";

const terminateListeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";

const missing = postgresMissing();
describe.skipIf(missing !== undefined)(`a server${missing ? `: ${missing}` : ""}`, () => {
  let server: TestServer;
  let pool: Pool;
  let live: PostgresLive;
  beforeAll(async () => {
    server = await startPostgres();
    pool = new Pool({ connectionString: server.url, max: 20 });
    live = postgresLive({ pool }, { pollMs: 60_000 });
    await live.ready();
  }, 60_000);
  afterAll(async () => {
    await live?.close();
    await pool?.end();
    await server?.[Symbol.asyncDispose]();
  });

  test("transactions at the same time publish in the order of their commits, and those that roll back leave no gap", async () => {
    await pool.query("CREATE TABLE orders (number int PRIMARY KEY, position bigint)");
    const subscription = await live.subscribe("orders");
    const orders = numbered("", 100).map(async (number) => {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        await client.query("INSERT INTO orders VALUES ($1)", [number]);
        const position = await live.publishIn(client, "orders", bytes(number));
        await client.query("UPDATE orders SET position = $2 WHERE number = $1", [number, `${position}`]);
        await client.query(Number(number) % 3 === 0 ? "ROLLBACK" : "COMMIT");
      } finally {
        client.release();
      }
    });
    await Promise.all(orders);
    const { rows } = await pool.query<{ number: number; position: string }>("SELECT * FROM orders ORDER BY position");
    expect(rows).toHaveLength(66);
    expect(rows.map((row) => Number(row.position))).toEqual(Array.from({ length: 66 }, (_, i) => i + 1));
    expect(await take(subscription, 66)).toEqual(rows.map((row) => `${row.number}`));
    await subscription.return();
  });

  test("a reader sees no entry before those of slower transactions that come before it", async () => {
    const subscription = await live.subscribe("slow");
    const [first, second] = [await pool.connect(), await pool.connect()];
    await first.query("BEGIN");
    await live.publishIn(first, "slow", bytes("first"));
    await second.query("BEGIN");
    const waiting = live.publishIn(second, "slow", bytes("second"));
    await first.query("COMMIT");
    expect(await waiting).toBe(2n);
    await second.query("COMMIT");
    expect(await take(subscription, 2)).toEqual(["first", "second"]);
    first.release();
    second.release();
    await subscription.return();
  });

  test("psql publishes as well", async () => {
    const subscription = await live.subscribe("psql");
    await pool.query("SELECT live_publish('psql', 'hello')");
    expect(await take(subscription, 1)).toEqual(["hello"]);
    await subscription.return();
  });

  test("a reader goes on when the connection that listens is terminated", async () => {
    const subscription = await live.subscribe("terminated");
    await publishAll(live, "terminated", "", 1);
    expect(await take(subscription, 1)).toEqual(["0"]);
    for (let i = 1; i < 4; i++) {
      // The connection of the round before is replaced after a short delay.
      while ((await pool.query(terminateListeners)).rowCount === 0) await sleep(20);
      await publishAll(live, "terminated", "", 1, i);
      expect(await take(subscription, 1)).toEqual([`${i}`]);
    }
    await subscription.return();
  });

  test("a notification that is lost only delays an entry until the next look", async () => {
    const other = postgresLive({ url: server.url }, { pollMs: 100 });
    const subscription = await other.subscribe("silent");
    await pool.query("INSERT INTO live_topics VALUES ('silent', 1)");
    await pool.query("INSERT INTO live_entries (topic, position, data) VALUES ('silent', 1, 'seen')");
    expect(await take(subscription, 1)).toEqual(["seen"]);
    await other.close();
  });

  test("readers of entries that were deleted are told", async () => {
    const last = await publishAll(live, "deleted", "", 10);
    const reader = await live.subscribe("deleted", { from: 2n });
    await pool.query("DELETE FROM live_entries WHERE topic = 'deleted' AND position <= 5");
    await expect(reader.next()).rejects.toMatchObject({ reason: "trimmed", position: 2n });
    await expect(live.subscribe("deleted", { from: 4n })).rejects.toMatchObject({ reason: "trimmed", position: 4n });
    await expect(live.read("deleted", { after: 0n })).rejects.toMatchObject({ reason: "trimmed" });
    expect((await live.read("deleted")).map(text)).toEqual(["5", "6", "7", "8", "9"]);
    await pool.query("DELETE FROM live_entries WHERE topic = 'deleted'");
    await expect(live.subscribe("deleted", { from: 9n })).rejects.toMatchObject({ reason: "trimmed" });
    await expect(live.read("deleted", { after: 9n })).rejects.toMatchObject({ reason: "trimmed" });
    const rest = await live.subscribe("deleted", { from: last });
    await publishAll(live, "deleted", "", 1, 10);
    expect(await take(rest, 1)).toEqual(["10"]);
    await rest.return();
  });

  test("one query an entry serves all readers of a topic", async () => {
    const subscriptions = await Promise.all(numbered("", 200).map(() => live.subscribe("shared")));
    const taken = Promise.all(subscriptions.map((subscription) => take(subscription, 20)));
    let queries = 0;
    pool.on("acquire", () => queries++);
    await publishAll(live, "shared", "", 20);
    await taken;
    // A publish, the page with the entry, and the empty page and its check after it.
    expect(queries).toBeLessThanOrEqual(20 * 4 + 5);
    await Promise.all(subscriptions.map((subscription) => subscription.return()));
  });

  test("processes that start together create the schema once", async () => {
    await pool.query("CREATE DATABASE fresh");
    const url = server.url.replace(/postgres$/, "fresh");
    const lives = numbered("", 8).map(() => postgresLive({ url }));
    await Promise.all(lives.map((one) => one.ready()));
    await Promise.all(lives.map((one) => one.close()));
  });

  test("a pool with one connection is refused", () => {
    const single = new Pool({ connectionString: server.url, max: 1 });
    expect(() => postgresLive({ pool: single })).toThrow("the pool must have at least 2 connections, as one listens, got 1");
  });
});
