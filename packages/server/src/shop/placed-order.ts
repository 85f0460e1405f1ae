// The message of an order of the store.
import { fromJson, type MessageInitShape } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { PlacedOrderSchema } from "@grpc-study/proto/shop";
import type { PlacedOrder } from "@grpc-study/store";

export function placedOrder({ no, id, userId, money, time, position, placedAt }: PlacedOrder): MessageInitShape<typeof PlacedOrderSchema> {
  return {
    order: {
      orderId: id,
      orderNo: no,
      userId,
      orderMoney: money,
      ...(time !== undefined && { orderTime: fromJson(TimestampSchema, time) }),
    },
    position,
    placeTime: fromJson(TimestampSchema, placedAt),
  };
}
