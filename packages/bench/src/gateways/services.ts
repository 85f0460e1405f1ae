// The services behind every gateway: the shop with constant responses, and the stream of the bench.

import { OrderService, ProdService } from "@grpc-study/proto/shop";
import { createServer, implement, type Server } from "@grpc-study/rpc";
import { Bench } from "../../gen/es/bench/bench_pb.js";
import { bench } from "../peers/rpc/server.ts";

export const stock = { prodStock: 998 };
export const placed = { status: "OK", message: "success" };

export const services = [ProdService, OrderService, Bench];

/** The rule of the stream, which has none in the .proto. */
export const rules = [{ selector: `${Bench.typeName}.Count`, pattern: { case: "get", value: "/v1/count/{count}" } }] as const;

export function shopServer(): Server {
  const server = createServer();
  server.add(implement(ProdService, { getProdStock: () => stock }), implement(OrderService, { newOrder: () => placed }), bench);
  return server;
}
