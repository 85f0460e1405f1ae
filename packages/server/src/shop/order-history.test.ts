import { OrderHistory, OrderService } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema, ResourceInfoSchema } from "@grpc-study/rpc/error-details";
import { beforeAll, expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { serveServices } from "../../test/serve-services.ts";
import { orderHistory } from "./order-history.ts";
import { orderService } from "./order-service.ts";

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

/** Returns the error of a failed call. */
async function errorOf(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof RpcError)) throw new Error("the call did not fail", { cause: error });
  return error;
}
