// services.OrderService: accepts every order.
import { OrderService } from "@grpc-study/proto/shop";
import { implement } from "@grpc-study/rpc";

export const orderService = () =>
  implement(OrderService, {
    newOrder: () => ({ status: "OK", message: "success" }),
  });
