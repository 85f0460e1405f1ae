// The store on each engine: what it answers, and that orders are neither lost nor doubled.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OrderExistsError, openStore, type Store, StoreError, type StoreLocation } from "./index.ts";
import { type PostgresServer, postgresMissing, startPostgres } from "./testing/postgres-server.ts";

const order = { no: "20210722", id: 1, userId: 7, money: 20.5, time: "2021-07-22T10:00:00Z" };

const engines: [name: string, open: (cleanup: AsyncDisposableStack) => Promise<StoreLocation>][] = [
  ["PGlite in memory", async () => "memory"],
  [
    "PGlite in a folder",
    async (cleanup) => {
      const folder = await mkdtemp(join(tmpdir(), "grpc-study-store-"));
      cleanup.defer(() => rm(folder, { recursive: true, force: true }));
      return { dir: folder };
    },
  ],
  ["PostgreSQL", async (cleanup) => ({ url: cleanup.use(await startPostgres()).url })],
];

describe.each(engines)("%s", (name, locate) => {
  const skipped = name === "PostgreSQL" ? postgresMissing : "";
  const cleanup = new AsyncDisposableStack();
  let location: StoreLocation;
  let store: Store;
  beforeAll(async () => {
    if (skipped) return;
    location = await locate(cleanup);
    store = await openStore(location);
  }, 120_000);
  afterAll(async () => {
    await store?.close();
    await cleanup.disposeAsync();
  }, 60_000);

  test.skipIf(skipped)(`an empty database is migrated${skipped}`, async () => {
    expect(store.migrated).toEqual(["001_tables", "002_seed"]);
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
    `a hundred clients that place the same 50 orders at once place each one once${skipped}`,
    async () => {
      const numbers = Array.from({ length: 50 }, (_, index) => `crowd-${index}`);
      const clients = Array.from({ length: 100 }, async (_, client) => {
        const outcomes: string[] = [];
        for (let index = 0; index < numbers.length; index++) {
          const no = numbers[(index + client) % numbers.length] ?? "";
          outcomes.push(await store.orders.place({ ...order, no, userId: 9 }));
        }
        return outcomes;
      });
      const outcomes = (await Promise.all(clients)).flat();
      expect(outcomes).toHaveLength(5000);
      expect(outcomes.filter((outcome) => outcome === "placed")).toHaveLength(50);
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

  test.skipIf(skipped)(`an aborted signal ends an operation with its reason${skipped}`, async () => {
    const reason = new Error("enough");
    await expect(store.stock.inArea("A", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const asked = store.stock.inArea("A", { signal: controller.signal });
    controller.abort(reason);
    await expect(asked).rejects.toBe(reason);
    expect(await store.stock.inArea("A")).toBe(114514);
  });

  test.skipIf(skipped || name === "PGlite in memory")(
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

test.skipIf(postgresMissing)(`stores that open at once migrate once${postgresMissing}`, { timeout: 60_000 }, async () => {
  await using server: PostgresServer = await startPostgres();
  const stores = await Promise.all(Array.from({ length: 6 }, () => openStore({ url: server.url })));
  expect(stores.filter(({ migrated }) => migrated.length === 2)).toHaveLength(1);
  expect(stores.filter(({ migrated }) => migrated.length === 0)).toHaveLength(5);
  await Promise.all(stores.map((store) => store.close()));
});

test.each([
  ["a port that nobody listens on", "postgres://a@127.0.0.1:1/shop"],
  ["a host that does not exist", "postgres://a@nosuch.invalid/shop"],
])("%s is unavailable", async (_, url) => {
  await expect(openStore({ url })).rejects.toThrow(StoreError);
  await expect(openStore({ url })).rejects.toMatchObject({ reason: "unavailable" });
});
