import { OrderService } from "@grpc-study/proto/shop";
import { createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { serveServices } from "../../test/serve-services.ts";
import { orderService } from "./order-service.ts";

test("an order is taken", async () => {
  const client = createClient(OrderService, await serveServices(orderService()));
  const order = { orderId: 1, orderNo: "20210722", userId: 7, orderMoney: 20.5, orderTime: { seconds: 1_626_948_000n } };
  expect(await client.newOrder({ orderMain: order })).toMatchObject({ status: "OK", message: "success" });
});
