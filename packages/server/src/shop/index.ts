import type { Topic } from "../topic.ts";
import { orderHistory } from "./order-history.ts";
import { orderService } from "./order-service.ts";
import { prodService } from "./prod-service.ts";
import { userService } from "./user-service.ts";

export const shop: Topic = {
  name: "shop",
  summary: "products, orders and scores of users",
  listeners: [
    { port: 8083, security: "plaintext" },
    { port: 10086, security: "mutual TLS" },
  ],
  keepsData: true,
  services: (_log, { store, closing }) => [prodService(store), orderService(store), userService(store), orderHistory(store, { closing })],
};
