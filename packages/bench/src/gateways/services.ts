// What stands behind every gateway: the shop, with its answers at hand, and the bench's stream.

import { OrderService, ProdService } from "@grpc-study/proto/shop";
import { createServer, implement, type Server } from "@grpc-study/rpc";
import { Bench } from "../../gen/es/bench/bench_pb.js";
import { bench } from "../peers/rpc/server.ts";

export const stock = { prodStock: 998 };
export const placed = { status: "OK", message: "success" };

export const services = [ProdService, OrderService, Bench];

/** The stream has no rule of its own. */
export const rules = [{ selector: `${Bench.typeName}.Count`, pattern: { case: "get", value: "/v1/count/{count}" } }] as const;

export function shopServer(): Server {
  const server = createServer();
  server.add(implement(ProdService, { getProdStock: () => stock }), implement(OrderService, { newOrder: () => placed }), bench);
  return server;
}
