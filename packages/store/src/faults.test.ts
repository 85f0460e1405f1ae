// What happens to a store when its database fails: a real server that stops, crashes, hangs, and
// has no room.
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type PostgresServer, postgresMissing, startPostgres } from "@grpc-study/test-servers";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openStore, type Store } from "./index.ts";

const missing = postgresMissing();

const order = { no: "1", id: 1, userId: 7, money: 20.5, time: undefined };

describe.skipIf(missing !== undefined)(`PostgreSQL${missing ? `: ${missing}` : ""}`, { timeout: 60_000 }, () => {
  let server: PostgresServer;
  let store: Store;
  beforeAll(async () => {
    server = await startPostgres({ max_connections: "30" });
    store = await openStore({ url: server.url });
  }, 60_000);
  afterAll(async () => {
    await store?.close();
    await server?.[Symbol.asyncDispose]();
  }, 60_000);

  /** Keeps others from the orders until the returned function runs. */
  async function lockOrders(): Promise<() => Promise<void>> {
    const client = new Client(server.url);
    await client.connect();
    onTestFinished(() => client.end());
    await client.query("begin; lock table orders");
    return async () => void (await client.query("commit"));
  }

  test("a stopped server is unavailable, and works again after its start", async () => {
    await server.stop();
    await expect(store.check()).rejects.toMatchObject({ name: "StoreError", reason: "unavailable" });
    await expect(store.orders.place(order)).rejects.toMatchObject({ name: "StoreError", reason: "unavailable" });
    await server.start();
    expect(await store.orders.place(order)).toBe("placed");
  });

  test("a server that crashes while a hundred clients order loses no order that was accepted", async () => {
    const accepted = new Set<string>();
    const reasons = new Set<unknown>();
    let done = false;
    const clients = Array.from({ length: 100 }, async (_, client) => {
      for (let count = 0; !done; count++) {
        const no = `crash-${client}-${count}`;
        // Tries again until the order is accepted, as a client does after UNAVAILABLE.
        while (!accepted.has(no) && !done) {
          try {
            await store.orders.place({ ...order, no, userId: 8 });
            accepted.add(no);
          } catch (error) {
            reasons.add((error as { reason?: unknown }).reason ?? error);
            await sleep(100);
          }
        }
      }
    });
    for (let crash = 0; crash < 2; crash++) {
      await sleep(300);
      await server.crash();
      await server.start();
    }
    await sleep(300);
    done = true;
    await Promise.all(clients);
    expect([...reasons]).toEqual(["unavailable"]);
    expect(accepted.size).toBeGreaterThan(100);
    const kept = new Set((await server.query("select order_no from orders where user_id = 8")).map(({ order_no }) => order_no));
    expect([...accepted].filter((no) => !kept.has(no))).toEqual([]);
    const [{ doubled } = {}] = await server.query("select count(*) - count(distinct order_no) as doubled from orders");
    expect(doubled).toBe("0");
  });

  test("an aborted signal cancels the query on the server, and the next query is not affected", async () => {
    const unlock = await lockOrders();
    const waiting = "select pid from pg_stat_activity where application_name = 'grpc-study' and wait_event_type = 'Lock'";
    const reason = new Error("deadline exceeded");
    const controller = new AbortController();
    const placing = store.orders.place({ ...order, no: "late" }, { signal: controller.signal });
    placing.catch(() => {});
    await expect.poll(async () => (await server.query(waiting)).length).toBe(1);
    controller.abort(reason);
    await expect(placing).rejects.toBe(reason);
    await expect.poll(async () => (await server.query(waiting)).length, { timeout: 2000 }).toBe(0);
    expect(await store.stock.inArea("C")).toBe(666);
    await unlock();
    expect(await store.orders.get("late")).toBeUndefined();
  });

  test("an order that waits for a transaction that somebody leaves open is unavailable, and watches begin before it", async () => {
    const client = new Client(server.url);
    await client.connect();
    onTestFinished(() => client.end());
    await client.query("begin; insert into orders (order_no, order_id, user_id, order_money) values ('idle', 1, 7, 1)");
    const message = "a transaction of another client holds a lock";
    await expect(store.orders.place({ ...order, no: "waits" })).rejects.toMatchObject({ reason: "unavailable", message });
    const watch = await store.orders.watch();
    await client.query("commit");
    expect((await watch.next()).value).toMatchObject({ no: "idle" });
    await watch.return();
  });

  test("a server that hangs ends operations by their signals, and connections in use make the others unavailable", async () => {
    process.kill(server.pid, "SIGSTOP");
    const children = execFileSync("pgrep", ["-P", String(server.pid)], { encoding: "utf8" });
    const pids = children.trim().split("\n").map(Number);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    try {
      const start = performance.now();
      await expect(store.check({ signal: AbortSignal.timeout(300) })).rejects.toMatchObject({ name: "TimeoutError" });
      expect(performance.now() - start).toBeLessThan(2000);
      const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => store.check({ signal: AbortSignal.timeout(6000) })));
      const reasons = outcomes.map((outcome) =>
        outcome.status === "rejected" ? (outcome.reason.reason ?? outcome.reason.name) : "answered",
      );
      expect(new Set(reasons)).toEqual(new Set(["unavailable", "TimeoutError"]));
    } finally {
      for (const pid of [...pids, server.pid]) process.kill(pid, "SIGCONT");
    }
    await expect.poll(() => store.check().then(() => "works", String), { timeout: 20_000 }).toBe("works");
  });

  test("a server without free connections is unavailable", async () => {
    const idle = await Promise.all(Array.from({ length: 4 }, () => openStore({ url: server.url })));
    onTestFinished(async () => void (await Promise.all(idle.map((store) => store.close()))));
    // Each store takes up to ten connections.
    const outcomes = await Promise.allSettled(idle.flatMap((store) => Array.from({ length: 10 }, () => store.check())));
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    for (const failure of failures) expect(failure).toMatchObject({ name: "StoreError", reason: "unavailable" });
    expect(failures.length).toBeGreaterThan(0);
  });

  test("a read-only server is unavailable for orders and answers reads", async () => {
    const url = `${server.url}?options=${encodeURIComponent("-c default_transaction_read_only=on")}`;
    const standby = await openStore({ url });
    onTestFinished(() => standby.close());
    expect(await standby.stock.inArea("A")).toBe(114514);
    await expect(standby.orders.place({ ...order, no: "readonly" })).rejects.toMatchObject({ reason: "unavailable" });
  });

  test("a database that a newer version has migrated is unavailable, with one line", async () => {
    await server.query("insert into kysely_migration values ('003_newer', '2030-01-01T00:00:00Z')");
    onTestFinished(async () => void (await server.query("delete from kysely_migration where name = '003_newer'")));
    await expect(openStore({ url: server.url })).rejects.toMatchObject({
      name: "StoreError",
      reason: "unavailable",
      message: "the database has the migration 003_newer of another version, which this version does not know",
      cause: undefined,
    });
  });

  test("a check of a database whose connections are all in use resolves", async () => {
    const busy = await openStore({ url: server.url });
    onTestFinished(() => busy.close());
    const unlock = await lockOrders();
    const placing = Array.from({ length: 10 }, (_, index) => busy.orders.place({ ...order, no: `busy-${index}` }));
    const waiting = "select pid from pg_stat_activity where application_name = 'grpc-study' and wait_event_type = 'Lock'";
    await expect.poll(async () => (await server.query(waiting)).length).toBe(10);
    await busy.check({ signal: AbortSignal.timeout(200) });
    await unlock();
    expect(await Promise.all(placing)).toEqual(Array(10).fill("placed"));
  });

  test("an order that the disk has no room for is `full`", async () => {
    // A trigger raises the error of PostgreSQL itself, since a test cannot fill the disk.
    await server.query(`create function fill() returns trigger language plpgsql as $$ begin
      raise exception 'could not extend file' using errcode = 'disk_full'; end $$`);
    await server.query("create trigger fill before insert on orders for each row when (new.order_no = 'full') execute function fill()");
    await expect(store.orders.place({ ...order, no: "full" })).rejects.toMatchObject({ reason: "full" });
    expect(await store.orders.place({ ...order, no: "fits" })).toBe("placed");
  });
});
