import { OrderService } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";
import { expect, test } from "vitest";
import { serveServices } from "../../test/serve-services.ts";
import { orderService } from "./order-service.ts";

const order = { orderId: 1, orderNo: "20210722", userId: 7, orderMoney: 20.5, orderTime: { seconds: 1_626_948_000n } };

test("an order is accepted", async () => {
  const client = createClient(OrderService, await serveServices(orderService()));
  expect(await client.newOrder({ orderMain: order })).toMatchObject({ status: "OK", message: "success" });
});

test.each([
  ["whose id is not positive", { orderId: 0 }, "order_main.order_id must be greater than 0, is 0"],
  ["without a number", { orderNo: "" }, 'order_main.order_no must be at least 1 character, is ""'],
  ["whose number is too long", { orderNo: "1".repeat(65) }, "order_main.order_no must be at most 64 characters, is "],
  ["of a user whose id is not positive", { userId: -1 }, "order_main.user_id must be greater than 0, is -1"],
  ["that costs less than nothing", { orderMoney: -0.5 }, "order_main.order_money must be greater than or equal to 0, is -0.5"],
])("an order %s is INVALID_ARGUMENT", async (_which, fault, message) => {
  const client = createClient(OrderService, await serveServices(orderService()));
  await expect(client.newOrder({ orderMain: { ...order, ...fault } })).rejects.toMatchObject({
    code: Code.INVALID_ARGUMENT,
    message: expect.stringContaining(message),
  });
});

test("a number of 64 characters and an amount of 0 are accepted", async () => {
  const client = createClient(OrderService, await serveServices(orderService()));
  expect(await client.newOrder({ orderMain: { ...order, orderNo: "单".repeat(64), orderMoney: 0 } })).toMatchObject({ status: "OK" });
});

test("all violations of an order are reported at once", async () => {
  const client = createClient(OrderService, await serveServices(orderService()));
  const error = await client.newOrder({ orderMain: {} }).catch((error: unknown) => error);
  if (!(error instanceof RpcError)) throw new Error("the order did not fail");
  const fields = error.findDetails(BadRequestSchema).map(({ fieldViolations }) => fieldViolations.map(({ field }) => field));
  expect(fields).toEqual([["order_main.order_id", "order_main.order_no", "order_main.user_id"]]);
});

test("a request without an order is INVALID_ARGUMENT", async () => {
  const client = createClient(OrderService, await serveServices(orderService()));
  await expect(client.newOrder({})).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT, message: "order_main is required" });
});
