// What happens to a store when its database fails: a real server that stops, crashes, hangs, and
// has no room; and PGlite whose process is killed.
import { execFileSync, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { type PostgresServer, postgresMissing, startPostgres } from "@grpc-study/test-servers";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { FolderError, openStore, type Store } from "./index.ts";

const missing = postgresMissing();

const order = { no: "1", id: 1, userId: 7, money: 20.5, time: undefined };

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "grpc-study-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

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
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
      }
    });
    for (let crash = 0; crash < 3; crash++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await server.crash();
      await server.start();
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
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
    const blocker = server.query("begin; lock table orders; select pg_sleep(3); commit");
    await expect
      .poll(async () => (await server.query("select 1 from pg_locks where relation = 'orders'::regclass and granted")).length)
      .toBeGreaterThan(0);
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
    await blocker;
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
      const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => store.check({ signal: AbortSignal.timeout(9000) })));
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
    const blocker = server.query("begin; lock table orders; select pg_sleep(2); commit");
    const lock = "select 1 from pg_locks where relation = 'orders'::regclass and granted and mode = 'AccessExclusiveLock'";
    await expect.poll(async () => (await server.query(lock)).length).toBe(1);
    const placing = Array.from({ length: 10 }, (_, index) => busy.orders.place({ ...order, no: `busy-${index}` }));
    const waiting = "select pid from pg_stat_activity where application_name = 'grpc-study' and wait_event_type = 'Lock'";
    await expect.poll(async () => (await server.query(waiting)).length).toBe(10);
    await busy.check({ signal: AbortSignal.timeout(200) });
    await blocker;
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

describe("a folder", { timeout: 120_000 }, () => {
  test("belongs to one process at a time", async () => {
    const dir = temporaryFolder();
    const store = await openStore({ dir });
    onTestFinished(() => store.close());
    await expect(openStore({ dir })).rejects.toThrow(
      new FolderError(`the data folder ${dir} is in use by process ${process.pid}; --data names another one`),
    );
  });

  test("of a process that was killed while it took orders has each order that was accepted", async () => {
    const dir = temporaryFolder();
    const child = fork(new URL("../test/orders-process.ts", import.meta.url), [dir], { execArgv: ["--conditions=@grpc-study/source"] });
    const accepted: string[] = [];
    child.on("message", (no: string) => accepted.push(no));
    await expect.poll(() => accepted.length, { timeout: 60_000 }).toBeGreaterThan(50);
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
    const store = await openStore({ dir });
    onTestFinished(() => store.close());
    const { orders } = await store.orders.list({ limit: 100_000 });
    const kept = new Set(orders.map(({ no }) => no));
    expect(accepted.filter((no) => !kept.has(no))).toEqual([]);
    expect(kept.size).toBe(orders.length);
  });

  test("belongs to the host in its lock, until the operator deletes the lock", async () => {
    const dir = temporaryFolder();
    const lock = join(dir, "lock");
    writeFileSync(lock, `${process.pid} 1 nosuch-host`);
    const problem = `the data folder ${dir} is in use by process ${process.pid} of the host nosuch-host; if that process has ended, delete ${lock}`;
    await expect(openStore({ dir })).rejects.toThrow(new FolderError(problem));
    rmSync(lock);
    const store = await openStore({ dir });
    expect(readFileSync(lock, "utf8")).toMatch(new RegExp(`^${process.pid} \\S+ ${hostname()}$`));
    expect(readdirSync(dir).sort()).toEqual(["lock", "postgres"]);
    await store.close();
    expect(readdirSync(dir)).toEqual(["postgres"]);
  });

  test("whose database has no mark keeps it under another name, and warns", async () => {
    const dir = temporaryFolder();
    const first = await openStore({ dir });
    await first.orders.place(order);
    expect(first.warnings).toEqual([]);
    await first.close();
    const mark = join(dir, "postgres", "complete");
    rmSync(mark);
    const second = await openStore({ dir });
    expect(await second.orders.get(order.no)).toBeUndefined();
    await second.close();
    const aside = readdirSync(dir).find((name) => name.startsWith("postgres.incomplete-")) ?? "";
    expect(second.warnings).toEqual([expect.stringContaining(join(dir, aside))]);
    expect(existsSync(join(dir, aside, "PG_VERSION"))).toBe(true);
    // The operator restores it.
    rmSync(join(dir, "postgres"), { recursive: true });
    renameSync(join(dir, aside), join(dir, "postgres"));
    writeFileSync(mark, "");
    const third = await openStore({ dir });
    onTestFinished(() => third.close());
    expect(await third.orders.get(order.no)).toMatchObject({ no: order.no });
    expect(third.warnings).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")(
    "on a full disk refuses orders as `full`, answers reads, keeps each order that was accepted, and goes on once there is room",
    async (context) => {
      const disk = temporaryFolder();
      // Containers may forbid it.
      if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=70m", "tmpfs", disk]).status !== 0) context.skip();
      await using unmount = new AsyncDisposableStack();
      unmount.defer(() => void execFileSync("umount", ["--lazy", disk]));
      const dir = join(disk, "data");
      const store = await openStore({ dir });
      // The first order takes a page of the table and of each index: later ones have room in them.
      const accepted = ["first"];
      await store.orders.place({ ...order, no: "first" });
      const { bavail, bsize } = statfsSync(disk);
      const fill = join(disk, "fill");
      writeFileSync(fill, Buffer.alloc((bavail - 2) * bsize));
      const refused: unknown[] = [];
      for (let id = 1; refused.length < 3; id++) {
        const no = `${id}-${"x".repeat(50)}`;
        await store.orders.place({ ...order, no }).then(
          () => accepted.push(no),
          (error: unknown) => refused.push(error),
        );
      }
      expect(refused).toEqual(Array(3).fill(expect.objectContaining({ name: "StoreError", reason: "full" })));
      expect(accepted.length).toBeGreaterThan(10);
      await store.check();
      rmSync(fill);
      expect(await store.orders.place({ ...order, no: "there is room" })).toBe("placed");
      await store.close();
      const again = await openStore({ dir });
      const { orders } = await again.orders.list({ limit: 100_000 });
      await again.close();
      expect(orders.map(({ no }) => no)).toEqual([...accepted, "there is room"]);
    },
  );

  test("whose path leads through a file is one line", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    const dir = join(file, "data");
    await expect(openStore({ dir })).rejects.toThrow(
      new FolderError(`the data folder ${dir} cannot be written: a part of the path is a file; --data names another one`),
    );
  });

  test.skipIf(process.getuid?.() === 0)("that may not be written is one line", async () => {
    const dir = temporaryFolder();
    chmodSync(dir, 0o500);
    await expect(openStore({ dir })).rejects.toThrow(
      `the data folder ${dir} cannot be written: permission denied; --data names another one`,
    );
  });
});

test("PGlite in memory whose thread has ended is unavailable, and the store closes", async () => {
  const { promise: started, resolve } = Promise.withResolvers<Worker>();
  process.once("worker", resolve);
  const store = await openStore("memory");
  await (await started).terminate();
  for (let attempt = 0; attempt < 2; attempt++) await expect(store.check()).rejects.toMatchObject({ reason: "unavailable" });
  await store.close();
});

test("a signal ends the start of PGlite", async () => {
  const reason = new Error("enough");
  await expect(openStore("memory", { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: "TimeoutError" });
  await expect(openStore("memory", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
