// The store on each engine: what it answers, and that orders are neither lost nor doubled.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresServer, postgresMissing, startPostgres } from "@grpc-study/test-servers";
import { Kysely, PostgresDialect } from "kysely";
import { Migrator } from "kysely/migration";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OrderExistsError, type OrderWatch, openStore, type Store, StoreError, type StoreLocation } from "./index.ts";
import { migrations } from "./schema/migrations.ts";
import type { Schema } from "./schema/schema.ts";

const missing = postgresMissing();

const order = { no: "20210722", id: 1, userId: 7, money: 20.5, time: "2021-07-22T10:00:00Z" };

/** Shared by the tests on PostgreSQL, each with a database of its own. */
let server: PostgresServer;
const cleanup = new AsyncDisposableStack();
beforeAll(async () => {
  if (missing === undefined) server = cleanup.use(await startPostgres());
}, 60_000);
afterAll(() => cleanup.disposeAsync(), 60_000);

// PGlite has one session, so that its clients queue for it: a few orders show what many do.
const engines: [name: string, ordersOfEach: { same: number; own: number }, open: () => Promise<StoreLocation>][] = [
  [
    "PGlite in a folder",
    { same: 3, own: 1 },
    async () => {
      const dir = await mkdtemp(join(tmpdir(), "grpc-study-store-"));
      cleanup.defer(() => rm(dir, { recursive: true, force: true }));
      return { dir };
    },
  ],
  ["PostgreSQL", { same: 20, own: 5 }, () => server.createDatabase()],
];

describe.each(engines)("%s", (name, ordersOfEach, locate) => {
  const skipped = name === "PostgreSQL" && missing ? `: ${missing}` : "";
  let location: StoreLocation;
  let store: Store;
  beforeAll(async () => {
    if (skipped) return;
    location = await locate();
    store = await openStore(location);
  }, 60_000);
  afterAll(() => store?.close(), 60_000);

  test.skipIf(skipped)(`an empty database is migrated${skipped}`, async () => {
    expect(store.migrated).toEqual(["001_tables", "002_seed", "003_positions_in_commit_order"]);
    await store.check();
  });

  test.skipIf(skipped)(`the seed has the answers of the tutorial${skipped}`, async () => {
    expect(await Promise.all((["A", "B", "C"] as const).map((area) => store.stock.inArea(area)))).toEqual([114514, 721, 666]);
    expect(await store.stock.list()).toEqual([114514, 10086, 721, 666]);
    expect(await store.stock.list(3)).toEqual([114514, 10086, 721]);
    for (const id of [998, 999, 2 ** 31 - 1]) expect(await store.products.get(id)).toEqual({ id, name: `product ${id}`, price: 20.5 });
    const ids = [5, 1, 5, 100, 101, 2 ** 31 - 1];
    expect(await store.users.scores(ids)).toEqual(ids.map((id) => (Math.imul(id, 0x9e3779b1) >>> 0) % 100));
    expect(await store.users.scores([])).toEqual([]);
  });

  test.skipIf(skipped)(`the same order again is repeated, and another one under its number is an error${skipped}`, async () => {
    expect(await store.orders.place(order)).toBe("placed");
    expect(await store.orders.place(order)).toBe("repeated");
    expect(await store.orders.place({ ...order, time: undefined })).toBe("repeated");
    const error = await store.orders.place({ ...order, id: 2, money: 20.25 }).catch((error: unknown) => error);
    if (!(error instanceof OrderExistsError)) throw new Error("the order was placed", { cause: error });
    expect(error.differs).toEqual(["id", "money"]);
    expect(error.existing).toMatchObject({ ...order, time: "2021-07-22T10:00:00.000000Z" });
  });

  test.skipIf(skipped)(`an order keeps 32-bit money, microseconds and any text${skipped}`, async () => {
    const odd = { no: "单 '\\\"\u{1f4a9}", id: 2 ** 31 - 1, userId: 8, money: Math.fround(0.1), time: "0001-01-01T00:00:00.000001Z" };
    await store.orders.place(odd);
    expect(await store.orders.place(odd)).toBe("repeated");
    const { money, ...kept } = (await store.orders.get(odd.no)) ?? { money: 0 };
    expect(Math.fround(money)).toBe(odd.money);
    expect(kept).toMatchObject({ no: odd.no, id: odd.id, userId: 8, time: odd.time });
    await store.orders.place({ ...odd, no: "latest", time: "9999-12-31T23:59:59.999999Z" });
    expect((await store.orders.get("latest"))?.time).toBe("9999-12-31T23:59:59.999999Z");
    await store.orders.place({ ...odd, no: "priceless", money: Number.POSITIVE_INFINITY, time: undefined });
    expect(await store.orders.get("priceless")).toMatchObject({ money: Number.POSITIVE_INFINITY, time: undefined });
    expect(await store.orders.get("nosuch")).toBeUndefined();
  });

  test.skipIf(skipped)(`a text with a NUL is invalid, and the connection works afterwards${skipped}`, async () => {
    for (let attempt = 0; attempt < 12; attempt++) {
      await expect(store.orders.place({ ...order, no: "a\0b" })).rejects.toMatchObject({ name: "StoreError", reason: "invalid" });
    }
    expect(await store.stock.inArea("B")).toBe(721);
  });

  test.skipIf(skipped)(
    `a hundred clients that place the same ${ordersOfEach.same} orders at once place each one once${skipped}`,
    async () => {
      const numbers = Array.from({ length: ordersOfEach.same }, (_, index) => `crowd-${index}`);
      const clients = Array.from({ length: 100 }, async (_, client) => {
        const outcomes: string[] = [];
        for (let index = 0; index < numbers.length; index++) {
          const no = numbers[(index + client) % numbers.length] ?? "";
          outcomes.push(await store.orders.place({ ...order, no, userId: 9 }));
        }
        return outcomes;
      });
      const outcomes = (await Promise.all(clients)).flat();
      expect(outcomes).toHaveLength(100 * ordersOfEach.same);
      expect(outcomes.filter((outcome) => outcome === "placed")).toHaveLength(ordersOfEach.same);
      const { orders } = await store.orders.list({ conditions: [{ field: "userId", operator: "=", value: 9 }], limit: 1000 });
      expect(orders.map(({ no }) => no).sort()).toEqual([...numbers].sort());
    },
    120_000,
  );

  test.skipIf(skipped)(`of a hundred different orders under one number, one is placed${skipped}`, async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        store.orders.place({ ...order, no: "contested", id: index + 1 }).catch((error: unknown) => (error as Error).name),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "placed")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "OrderExistsError")).toHaveLength(99);
  });

  test.skipIf(skipped)(`pages follow each other by position, with conditions${skipped}`, async () => {
    for (let id = 1; id <= 7; id++) {
      await store.orders.place({ no: `page-${id}`, id, userId: 10, money: id / 2, time: `2024-01-0${id}T00:00:00Z` });
    }
    const conditions = [{ field: "userId", operator: "=", value: 10 }] as const;
    const first = await store.orders.list({ conditions, limit: 4 });
    expect([first.orders.map(({ id }) => id), first.more]).toEqual([[1, 2, 3, 4], true]);
    const second = await store.orders.list({ conditions, limit: 4, after: first.orders.at(-1)?.position });
    expect([second.orders.map(({ id }) => id), second.more]).toEqual([[5, 6, 7], false]);
    const some = await store.orders.list({
      conditions: [
        ...conditions,
        { field: "money", operator: ">", value: 1 },
        { field: "time", operator: "<=", value: "2024-01-06T00:00:00Z" },
        { field: "id", operator: "!=", value: 4 },
        { field: "placedAt", operator: ">", value: "2024-01-01T00:00:00Z" },
      ],
      limit: 10,
    });
    expect(some.orders.map(({ id }) => id)).toEqual([3, 5, 6]);
  });

  test.skipIf(skipped)(
    `a hundred clients place orders in the order of their positions: a reader and watchers miss none${skipped}`,
    async () => {
      const { orders } = store;
      const start = (await orders.watch()).position;
      const watches = await Promise.all([orders.watch(), orders.watch({ after: 0n }), orders.watch({ after: start })]);
      const watching = Promise.all(watches.map((watch) => take(watch, "last")));
      let done = false;
      // A reader that continues after the last position skips an order whose position commits late.
      const reading = (async () => {
        const seen: string[] = [];
        for (let after = start; ; ) {
          const wasDone = done;
          const page = await orders.list({ after, limit: 7 });
          seen.push(...page.orders.map(({ no }) => no));
          after = page.orders.at(-1)?.position ?? after;
          if (wasDone && page.orders.length === 0) return seen;
        }
      })();
      const place = async (no: string) => orders.place({ ...order, no });
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          for (let j = 0; j < ordersOfEach.own; j++) await place(`watched ${i}/${j}`);
        }),
      );
      await place("last");
      done = true;
      const kept = (await orders.list({ after: start, limit: 1000 })).orders;
      expect(kept).toHaveLength(100 * ordersOfEach.own + 1);
      expect(kept.map(({ placedAt }) => placedAt)).toEqual(kept.map(({ placedAt }) => placedAt).toSorted());
      const numbers = kept.map(({ no }) => no);
      expect(await reading).toEqual(numbers);
      const [live = [], all = [], resumed = []] = await watching;
      expect(live).toEqual(numbers);
      expect(resumed).toEqual(numbers);
      expect(all.slice(-kept.length)).toEqual(numbers);
    },
    120_000,
  );

  test.skipIf(skipped)(`a watch resumes after a position, and rejects one that the database does not have${skipped}`, async () => {
    const { orders } = store;
    const first = await orders.watch();
    await orders.place({ ...order, no: "resume 1" });
    const { value: seen } = await first.next();
    await first.return();
    await orders.place({ ...order, no: "resume 2" });
    const again = await orders.watch({ after: seen?.position });
    expect((await again.next()).value).toMatchObject({ no: "resume 2", userId: 7, money: 20.5 });
    const end = again.position;
    await again.return();
    await expect(orders.watch({ after: end + 1n })).rejects.toMatchObject({ name: "LiveError", reason: "ahead", position: end + 1n });
    const aborted = await orders.watch({ signal: AbortSignal.abort() });
    expect(await aborted.next()).toEqual({ done: true, value: undefined });
  });

  test.skipIf(skipped)(`a thousand watches begin at once, each where the orders are${skipped}`, async () => {
    await store.orders.place({ ...order, no: "begin" });
    const { position = -1n } = (await store.orders.get("begin")) ?? {};
    const watches = await Promise.all(Array.from({ length: 1000 }, (_, i) => store.orders.watch(i % 2 === 0 ? { after: position } : {})));
    for (const watch of watches) expect(watch.position).toBe(position);
    await Promise.all(watches.map((watch) => watch.return()));
  });

  test.skipIf(skipped)(`a watcher that falls too far behind fails with its position${skipped}`, async () => {
    const { orders } = store;
    const slow = await orders.watch({ maxBehind: 5 });
    const fast = await orders.watch();
    await orders.place({ ...order, no: "behind 0" });
    expect((await slow.next()).value).toMatchObject({ no: "behind 0" });
    const waiting = slow.next();
    for (let i = 1; i <= 10; i++) await orders.place({ ...order, no: `behind ${i}` });
    await take(fast, "behind 10");
    await waiting;
    await expect(slow.next()).rejects.toMatchObject({ reason: "behind", position: slow.position });
    const again = await orders.watch({ after: slow.position });
    expect(await take(again, "behind 10")).toHaveLength(9);
  });

  test.skipIf(skipped)(`an aborted signal ends an operation with its reason${skipped}`, async () => {
    const reason = new Error("enough");
    await expect(store.stock.inArea("A", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const asked = store.stock.inArea("A", { signal: controller.signal });
    controller.abort(reason);
    await expect(asked).rejects.toBe(reason);
    expect(await store.stock.inArea("A")).toBe(114514);
  });

  test.skipIf(skipped)(
    `the data outlives the store, and a second opening migrates nothing${skipped}`,
    async () => {
      await store.close();
      store = await openStore(location);
      expect(store.migrated).toEqual([]);
      expect(await store.orders.place(order)).toBe("repeated");
    },
    60_000,
  );
});

test.skipIf(missing !== undefined)(
  `stores that open at once migrate once${missing ? `: ${missing}` : ""}`,
  { timeout: 60_000 },
  async () => {
    const { url } = await server.createDatabase();
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore({ url })));
    expect(stores.filter(({ migrated }) => migrated.length === 3)).toHaveLength(1);
    expect(stores.filter(({ migrated }) => migrated.length === 0)).toHaveLength(5);
    await Promise.all(stores.map((store) => store.close()));
  },
);

test.skipIf(missing !== undefined)(
  `orders of an earlier version keep their positions, and new ones follow${missing ? `: ${missing}` : ""}`,
  async () => {
    const database = await server.createDatabase();
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: database.url }) }) });
    const { error } = await new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } }).migrateTo("002_seed");
    expect(error).toBeUndefined();
    await db.destroy();
    await database.query("insert into orders (order_no, order_id, user_id, order_money) values ('a', 1, 7, 1), ('b', 2, 7, 1)");
    const store = await openStore(database);
    expect(store.migrated).toEqual(["003_positions_in_commit_order"]);
    const watch = await store.orders.watch({ after: 0n });
    // As an operator does with psql.
    await database.query("insert into orders (order_no, order_id, user_id, order_money) values ('c', 3, 7, 1)");
    await store.orders.place({ ...order, no: "d" });
    expect(await take(watch, "d")).toEqual(["a", "b", "c", "d"]);
    expect((await store.orders.list({ limit: 10 })).orders.map(({ position }) => position)).toEqual([1n, 2n, 3n, 4n]);
    await database.query("delete from orders");
    const waiting = await store.orders.watch({ after: 4n });
    expect((await store.orders.watch()).position).toBe(4n);
    await store.close();
    await expect(waiting.next()).rejects.toMatchObject({ reason: "closed" });
  },
  60_000,
);

/** Takes the numbers of orders up to one, and ends the watch. */
async function take(watch: OrderWatch, last: string): Promise<string[]> {
  const numbers: string[] = [];
  for await (const { no } of watch) {
    numbers.push(no);
    if (no === last) break;
  }
  return numbers;
}

test.each([
  ["a port that nobody listens on", "postgres://a@127.0.0.1:1/shop"],
  ["a host that does not exist", "postgres://a@nosuch.invalid/shop"],
])("%s is unavailable", async (_, url) => {
  await expect(openStore({ url })).rejects.toThrow(StoreError);
  await expect(openStore({ url })).rejects.toMatchObject({ reason: "unavailable" });
});
