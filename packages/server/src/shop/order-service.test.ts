import { OrderService } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema, ResourceInfoSchema } from "@grpc-study/rpc/error-details";
import { expect, test } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { serveServices } from "../../test/serve-services.ts";
import { orderService } from "./order-service.ts";

const order = { orderId: 1, orderNo: "20210722", userId: 7, orderMoney: 20.5, orderTime: { seconds: 1_626_948_000n } };

test("an order is accepted", async () => {
  const client = createClient(OrderService, await serveServices(orderService(memoryStore)));
  expect(await client.newOrder({ orderMain: order })).toMatchObject({ status: "OK", message: "success" });
});

test.each([
  ["whose id is not positive", { orderId: 0 }, "order_main.order_id must be greater than 0, is 0"],
  ["without a number", { orderNo: "" }, 'order_main.order_no must be at least 1 character, is ""'],
  ["whose number is too long", { orderNo: "1".repeat(65) }, "order_main.order_no must be at most 64 characters, is "],
  ["of a user whose id is not positive", { userId: -1 }, "order_main.user_id must be greater than 0, is -1"],
  ["that costs less than nothing", { orderMoney: -0.5 }, "order_main.order_money must be greater than or equal to 0, is -0.5"],
])("an order %s is INVALID_ARGUMENT", async (_which, fault, message) => {
  const client = createClient(OrderService, await serveServices(orderService(memoryStore)));
  await expect(client.newOrder({ orderMain: { ...order, ...fault } })).rejects.toMatchObject({
    code: Code.INVALID_ARGUMENT,
    message: expect.stringContaining(message),
  });
});

test("a number of 64 characters and an amount of 0 are accepted", async () => {
  const client = createClient(OrderService, await serveServices(orderService(memoryStore)));
  expect(await client.newOrder({ orderMain: { ...order, orderNo: "单".repeat(64), orderMoney: 0 } })).toMatchObject({ status: "OK" });
});

test("all violations of an order are reported at once", async () => {
  const client = createClient(OrderService, await serveServices(orderService(memoryStore)));
  const error = await client.newOrder({ orderMain: {} }).catch((error: unknown) => error);
  if (!(error instanceof RpcError)) throw new Error("the order did not fail");
  const fields = error.findDetails(BadRequestSchema).map(({ fieldViolations }) => fieldViolations.map(({ field }) => field));
  expect(fields).toEqual([["order_main.order_id", "order_main.order_no", "order_main.user_id"]]);
});

test("a request without an order is INVALID_ARGUMENT", async () => {
  const client = createClient(OrderService, await serveServices(orderService(memoryStore)));
  await expect(client.newOrder({})).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT, message: "order_main is required" });
});

test("the same order again is accepted, at another time too", async () => {
  const client = createClient(OrderService, await serveServices(orderService(memoryStore)));
  const again = { ...order, orderNo: "again" };
  for (const orderTime of [order.orderTime, order.orderTime, { seconds: 1n }, undefined]) {
    const { orderTime: _, ...rest } = again;
    const orderMain = orderTime === undefined ? rest : { ...rest, orderTime };
    expect(await client.newOrder({ orderMain })).toMatchObject({ status: "OK", message: "success" });
  }
});

test("another order under the same number is ALREADY_EXISTS with the number and the fields that differ", async () => {
  const client = createClient(OrderService, await serveServices(orderService(memoryStore)));
  const first = { ...order, orderNo: "taken" };
  await client.newOrder({ orderMain: first });
  const error = await client.newOrder({ orderMain: { ...first, userId: 8, orderMoney: 21 } }).catch((error: unknown) => error);
  if (!(error instanceof RpcError)) throw new Error("the order did not fail");
  expect(error).toMatchObject({
    code: Code.ALREADY_EXISTS,
    message: 'another order has the order_no "taken": it differs in user_id, order_money',
  });
  expect(error.findDetails(ResourceInfoSchema)).toMatchObject([
    { resourceType: "services.OrderMain", resourceName: "taken", description: "it differs in user_id, order_money" },
  ]);
});

test.each([
  ["whose number has a NUL", { orderNo: "a\0b" }, "order_main.order_no", "must not contain the character U+0000"],
  ["after the year 9999", { orderTime: { seconds: 253_402_300_800n } }, "order_main.order_time", "must be from year 1 to 9999"],
  ["before the year 1", { orderTime: { seconds: -62_135_596_801n } }, "order_main.order_time", "must be from year 1 to 9999"],
  ["with too many nanos", { orderTime: { seconds: 0n, nanos: 1_000_000_000 } }, "order_main.order_time", "0 to 999999999 nanos"],
])("an order %s is INVALID_ARGUMENT with the field", async (_which, fault, field, description) => {
  const client = createClient(OrderService, await serveServices(orderService(memoryStore)));
  const error = await client.newOrder({ orderMain: { ...order, ...fault } }).catch((error: unknown) => error);
  if (!(error instanceof RpcError)) throw new Error("the order did not fail");
  expect(error.code).toBe(Code.INVALID_ARGUMENT);
  expect(error.findDetails(BadRequestSchema)).toMatchObject([
    { fieldViolations: [{ field, description: expect.stringContaining(description) }] },
  ]);
});
