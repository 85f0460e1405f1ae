// connect-node, which serves JSON in its own protocol, without a gateway.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { OrderService, ProdService } from "@grpc-study/proto/shop";
import { Bench } from "../../gen/es/bench/bench_pb.js";
import { hello } from "../messages/values.ts";
import type { Serve } from "../process/hosted.ts";
import { placed, stock } from "./services.ts";

export const serve: Serve<unknown, number> = async () => {
  const handler = connectNodeAdapter({
    routes(router) {
      router.service(ProdService, { getProdStock: () => stock });
      router.service(OrderService, { newOrder: () => placed });
      router.service(Bench, {
        async *count({ count }) {
          for (let i = 0; i < count; i++) yield hello;
        },
      });
    },
  });
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { ready: (server.address() as AddressInfo).port };
};
