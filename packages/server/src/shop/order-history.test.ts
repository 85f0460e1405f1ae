import type { MessageInitShape } from "@bufbuild/protobuf";
import { OrderHistory, OrderService, type WatchOrdersResponseSchema } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema, ErrorInfoSchema, ResourceInfoSchema, RetryInfoSchema } from "@grpc-study/rpc/error-details";
import { beforeAll, expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { serveServices } from "../../test/serve-services.ts";
import { orderHistory } from "./order-history.ts";
import { orderService } from "./order-service.ts";
import { watchOrders } from "./watch-orders.ts";

const client = async () => createClient(OrderHistory, await serveServices(orderHistory(memoryStore)));

beforeAll(async () => {
  for (let id = 1; id <= 7; id++) {
    const order = { no: `h-${id}`, id, userId: id % 2 === 0 ? 8 : 7, money: id / 2, time: `2024-01-0${id}T00:00:00.000001Z` };
    await memoryStore.use({ signal: new AbortController().signal }, ({ orders }) => orders.place(order));
  }
}, 60_000);

test("GetOrder returns a placed order with its position and the time of the server", async () => {
  const orders = createClient(OrderService, await serveServices(orderService(memoryStore)));
  const orderMain = {
    orderId: 5,
    orderNo: "a/单",
    userId: 9,
    orderMoney: 20.1,
    orderTime: { seconds: 1_626_948_000n, nanos: 123_456_000 },
  };
  const before = Date.now() / 1000;
  await orders.newOrder({ orderMain });
  const placed = await (await client()).getOrder({ orderNo: "a/单" });
  expect(placed.order).toMatchObject({ ...orderMain, orderMoney: Math.fround(20.1) });
  expect(placed.position).toBeGreaterThan(0n);
  expect(Math.abs(Number(placed.placeTime?.seconds) - before)).toBeLessThan(60);
});

test("a time with nanoseconds is kept with its microseconds, up to the end of year 9999", async () => {
  const orders = createClient(OrderService, await serveServices(orderService(memoryStore)));
  const orderTime = { seconds: 253_402_300_799n, nanos: 999_999_999 };
  await orders.newOrder({ orderMain: { orderId: 6, orderNo: "last", userId: 10, orderMoney: 1, orderTime } });
  const history = await client();
  const kept = { ...orderTime, nanos: 999_999_000 };
  expect((await history.getOrder({ orderNo: "last" })).order).toMatchObject({ orderTime: kept });
  expect((await history.listOrders({ filter: "user_id = 10" })).orders).toMatchObject([{ order: { orderTime: kept } }]);
});

test.each(["nosuch", "a\0"])("GetOrder of the unknown number %j is NOT_FOUND with the number", async (orderNo) => {
  const error = await errorOf((await client()).getOrder({ orderNo }));
  expect(error.code).toBe(Code.NOT_FOUND);
  expect(error.findDetails(ResourceInfoSchema)).toMatchObject([{ resourceType: "services.OrderMain", resourceName: orderNo }]);
});

test("ListOrders returns pages that have each order once, also while orders arrive", async () => {
  const history = await client();
  const seen: string[] = [];
  const sizes: number[] = [];
  let pageToken = "";
  do {
    const page = await history.listOrders({ pageSize: 3, pageToken, filter: 'order_time >= "2024-01-01T00:00:00Z" AND user_id < 9' });
    seen.push(...page.orders.map(({ order }) => order?.orderNo ?? ""));
    sizes.push(page.orders.length);
    if (pageToken === "") {
      const order = { no: "h-8", id: 8, userId: 7, money: 4, time: "2024-01-08T00:00:00Z" };
      await memoryStore.use({ signal: new AbortController().signal }, ({ orders }) => orders.place(order));
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(seen).toEqual(["h-1", "h-2", "h-3", "h-4", "h-5", "h-6", "h-7", "h-8"]);
  expect(sizes).toEqual([3, 3, 2]);
});

test.each([
  ["user_id = 8 AND order_id <= 6", ["h-2", "h-4", "h-6"]],
  ["user_id=8 AND order_id!=4 AND order_id<6", ["h-2"]],
  ['order_money > 2.5 AND order_time<"2024-01-07T00:00:00+00:00" AND user_id < 9', ["h-6"]],
  ['place_time < "2020-01-01T00:00:00Z"', []],
  ["  order_id = 3 ", ["h-3"]],
  [`order_money = 0.${"0".repeat(50)}1`, []],
  ['order_time = "2024-01-03T00:00:00.000001999Z"', ["h-3"]],
])("the filter %j finds %j", async (filter, expected) => {
  const { orders } = await (await client()).listOrders({ filter });
  expect(orders.map(({ order }) => order?.orderNo)).toEqual(expected);
});

test.each([
  ["nosuch = 1", "has the unknown field nosuch"],
  ["constructor = 7", "has the unknown field constructor"],
  ["user_id", "must have comparisons such as user_id = 7, joined by AND"],
  ["user_id = ", "must have comparisons"],
  ["user_id = 1 OR user_id = 2", "must join comparisons by AND"],
  ["user_id = 1 AND", "must join comparisons by AND"],
  ["user_id = 1; drop table orders", "must compare user_id with an integer of 32 bits, not 1;"],
  ["user_id = 2147483648", "must compare user_id with an integer of 32 bits"],
  ["user_id = 1e3", "must compare user_id with an integer of 32 bits"],
  ["order_money = NaN", "must compare order_money with a number"],
  ["order_time > 5", 'must compare order_time with a time in quotes such as "2024-01-01T00:00:00Z"'],
  ['order_time > "yesterday"', "must compare order_time with a time in quotes"],
  [Array(11).fill("user_id = 1").join(" AND "), "must have at most 10 comparisons"],
])("the filter %j is INVALID_ARGUMENT with the field", async (filter, description) => {
  const error = await errorOf((await client()).listOrders({ filter }));
  expect(error.code).toBe(Code.INVALID_ARGUMENT);
  expect(error.findDetails(BadRequestSchema)).toMatchObject([
    { fieldViolations: [{ field: "filter", description: expect.stringContaining(description) }] },
  ]);
});

test("a token that is malformed, or of another filter, is INVALID_ARGUMENT", async () => {
  const history = await client();
  const { nextPageToken } = await history.listOrders({ pageSize: 1, filter: "user_id = 7" });
  expect(nextPageToken).toMatch(/^[\w-]+$/);
  for (const request of [{ pageToken: "x" }, { pageToken: nextPageToken }, { pageToken: `${nextPageToken}A`, filter: "user_id = 7" }]) {
    const error = await errorOf(history.listOrders(request));
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "page_token must be a next_page_token of the same filter" });
  }
  await expect(history.listOrders({ pageSize: -1 })).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
});

test("WatchOrders begins with its position, continues after one, and then returns orders as they are placed", async () => {
  const channel = await serveServices(orderHistory(memoryStore), orderService(memoryStore));
  const [history, orders] = [createClient(OrderHistory, channel), createClient(OrderService, channel)];
  const place = (orderNo: string, userId = 7) => orders.newOrder({ orderMain: { orderId: 1, orderNo, userId, orderMoney: 1 } });
  using live = watchOf(history.watchOrders({}));
  const { order, position: now = 0n } = (await live.next()) ?? {};
  expect(order).toBeUndefined();
  await place("w-1");
  const first = await live.next();
  expect(first).toMatchObject({ order: { order: { orderNo: "w-1" }, position: first?.position } });
  await place("w-2");
  using again = watchOf(history.watchOrders({ afterPosition: first?.position ?? 0n }));
  expect(await again.next()).toMatchObject({ position: first?.position });
  using all = watchOf(history.watchOrders({ afterPosition: 0n, filter: "user_id = 12" }));
  expect(await all.next()).toMatchObject({ position: 0n });
  await place("w-3", 12);
  for (const watch of [live, again]) expect([await watch.number(), await watch.number()]).toEqual(["w-2", "w-3"]);
  expect(await all.number()).toBe("w-3");
  expect((await history.getOrder({ orderNo: "w-1" })).position).toBeGreaterThan(now);
});

test("WatchOrders leaves out what ListOrders leaves out, for each field and operator", async () => {
  const history = await client();
  using everything = watchOf(history.watchOrders({ afterPosition: 0n }));
  await everything.next();
  while ((await everything.number()) !== "h-7");
  const values = {
    order_id: "4",
    user_id: "7",
    order_money: "2.5",
    order_time: '"2024-01-03T00:00:00.000001Z"',
    place_time: '"2020-01-01T00:00:00+01:00"',
  };
  const filters = Object.entries(values).flatMap(([name, value]) =>
    ["=", "!=", "<", "<=", ">", ">="].map((operator) => `${name} ${operator} ${value}`),
  );
  for (const filter of [...filters, "order_money = 0.5 AND user_id = 7"]) {
    const { orders } = await history.listOrders({ filter, pageSize: 1000 });
    using watch = watchOf(history.watchOrders({ afterPosition: 0n, filter }));
    await watch.next();
    for (const { order } of orders) expect([filter, await watch.number()]).toEqual([filter, order?.orderNo]);
  }
});

test("a watch that leaves out many orders says how far it has come", async () => {
  const { signal } = new AbortController();
  const filtered = { after: 0n, conditions: [{ field: "userId", operator: "=", value: 14 }], signal } as const;
  const { position } = await (await client()).getOrder({ orderNo: "h-7" });
  using watch = watchOf(watchOrders(memoryStore, filtered, { mostLeftOut: 7 }));
  await watch.next();
  expect(await watch.next()).toEqual({ position });
});

test("a slow reader of a watch gets RESOURCE_EXHAUSTED with its position, and continues there without a gap", async () => {
  const { signal } = new AbortController();
  const place = (no: string) =>
    memoryStore.use({ signal }, ({ orders }) => orders.place({ no, id: 1, userId: 15, money: 1, time: undefined }));
  const request = { after: undefined, conditions: [], signal };
  const slow = watchOf(watchOrders(memoryStore, request, { maxBehind: 5 }));
  const fast = watchOf(watchOrders(memoryStore, request));
  await Promise.all([slow.next(), fast.next()]);
  // At the newest order, the slow one waits for the next.
  const waiting = slow.next();
  for (let i = 0; i < 20; i++) await place(`slow-${i}`);
  while ((await fast.number()) !== "slow-19");
  const last = (await waiting)?.position ?? 0n;
  const error = await errorOf(slow.next());
  expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "BEHIND", metadata: { position: String(last) } }]);
  const again = watchOf(watchOrders(memoryStore, { ...request, after: last }));
  await again.next();
  for (let i = 1; i < 20; i++) expect(await again.number()).toBe(`slow-${i}`);
});

test("a watch ends with UNAVAILABLE when its server begins to shut down", async () => {
  const closing = new AbortController();
  const history = createClient(OrderHistory, await serveServices(orderHistory(memoryStore, { closing: closing.signal })));
  const watch = watchOf(history.watchOrders({}));
  await watch.next();
  closing.abort();
  for (const ended of [watch.next(), Array.fromAsync(history.watchOrders({}))]) {
    const error = await errorOf(ended);
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, message: "the server is shutting down" });
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
  }
});

test("a watch after a position that the database does not have is OUT_OF_RANGE, and a negative one INVALID_ARGUMENT", async () => {
  const history = await client();
  const afterPosition = 2n ** 63n - 1n;
  const error = await errorOf(Array.fromAsync(history.watchOrders({ afterPosition })));
  expect(error.code).toBe(Code.OUT_OF_RANGE);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "AHEAD", metadata: { position: String(afterPosition) } }]);
  for (const request of [{ afterPosition: -1n }, { filter: "nosuch = 1" }]) {
    await expect(Array.fromAsync(history.watchOrders(request))).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
  }
});

/** A watch whose responses a test takes one by one, until its scope ends. */
function watchOf(responses: AsyncIterable<MessageInitShape<typeof WatchOrdersResponseSchema>>) {
  const iterator = responses[Symbol.asyncIterator]();
  const next = async () => {
    const { done, value } = await iterator.next();
    return done ? undefined : value;
  };
  return {
    next,
    number: async () => (await next())?.order?.order?.orderNo ?? "",
    [Symbol.dispose]: () => void iterator.return?.(),
  };
}

/** Returns the error of a failed call. */
async function errorOf(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof RpcError)) throw new Error("the call did not fail", { cause: error });
  return error;
}
