// services.OrderService: places orders. The number of an order identifies it, so a client may send
// an order again when it has no answer.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { OrderService } from "@grpc-study/proto/shop";
import { implement } from "@grpc-study/rpc";
import type { StoreSource } from "../data/store-source.ts";
import { invalid } from "../invalid.ts";
import { toMicroseconds } from "./microseconds.ts";

export const orderService = (source: StoreSource) =>
  implement(OrderService, {
    async newOrder({ orderMain }, call) {
      if (orderMain === undefined) throw invalid("order_main", "is required");
      const { orderNo: no, orderId: id, userId, orderMoney: money, orderTime } = orderMain;
      if (no.includes("\0")) throw invalid("order_main.order_no", "must not contain the character U+0000");
      const order = { no, id, userId, money, time: orderTime && timeOf(orderTime) };
      await source.use(call, ({ orders }, options) => orders.place(order, options));
      return { status: "OK", message: "success" };
    },
  });

function timeOf(time: Timestamp): string {
  try {
    return toMicroseconds(time);
  } catch {
    throw invalid(
      "order_main.order_time",
      `must be from year 1 to 9999 with 0 to 999999999 nanos, is ${time.seconds} s and ${time.nanos} ns`,
    );
  }
}
