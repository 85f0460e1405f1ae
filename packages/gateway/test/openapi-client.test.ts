// A client generated from the OpenAPI document of the shop: openapi-typescript for the types,
// openapi-fetch for the calls.
import { OrderService, ProdAreas, ProdService, UserService } from "@grpc-study/proto/shop";
import { Code, createServer, implement, RpcError } from "@grpc-study/rpc";
import createClient from "openapi-fetch";
import { afterAll, expect, expectTypeOf, test } from "vitest";
import { createGateway } from "../src/index.ts";
import type { components, paths } from "./gen/shop-client.d.ts";

const server = createServer();
server.add(
  implement(ProdService, {
    getProdStock: ({ prodId, prodArea }) => {
      if (prodId > 1000) throw new RpcError(Code.NOT_FOUND, "no such product");
      return { prodStock: prodId * 10 + prodArea };
    },
    getProdStocks: ({ size }) => ({ productes: Array.from({ length: size }, (_, index) => ({ prodStock: index })) }),
  }),
);
server.add(implement(OrderService, { newOrder: ({ orderMain }) => ({ status: "OK", message: `order ${orderMain?.orderNo}` }) }));
server.add(
  implement(UserService, {
    *getUserScoreByServerStream({ users }) {
      for (const user of users) yield { users: [{ ...user, userScore: 100 }] };
    },
  }),
);

const gateway = createGateway({ services: [ProdService, OrderService, UserService], upstream: server.channel(), unbound: true });
const { url } = await gateway.listen("127.0.0.1:0");
const client = createClient<paths>({ baseUrl: url });

afterAll(async () => {
  await gateway.close();
  await server.shutdown();
});

test("gets a product by the path and the query", async () => {
  const { data } = await client.GET("/v1/prod/{prodId}", { params: { path: { prodId: 12 }, query: { prodArea: "C" } } });
  expectTypeOf(data).toEqualTypeOf<components["schemas"]["services.ProdResponse"] | undefined>();
  expect(data).toEqual({ prodStock: 120 + ProdAreas.C });
});

test("places an order with a body", async () => {
  const { data } = await client.POST("/v1/orders", { body: { orderId: 1, orderNo: "A-1", userId: 2, orderMoney: 9.5 } });
  expect(data).toEqual({ status: "OK", message: "order A-1" });
});

test("calls a method without a rule", async () => {
  const { data } = await client.POST("/services.ProdService/GetProdStocks", { body: { size: 2 } });
  expect(data?.productes).toEqual([{}, { prodStock: 1 }]);
});

test("reads a stream as an array", async () => {
  const { data } = await client.POST("/services.UserService/GetUserScoreByServerStream", {
    body: { users: [{ userId: 1 }, { userId: 2 }] },
    headers: { accept: "application/json" },
  });
  expect(data).toEqual([{ users: [{ userId: 1, userScore: 100 }] }, { users: [{ userId: 2, userScore: 100 }] }]);
});

test("an error is a google.rpc.Status", async () => {
  const { error, response } = await client.GET("/v1/prod/{prodId}", { params: { path: { prodId: 1001 } } });
  expectTypeOf(error?.code).toEqualTypeOf<number | undefined>();
  expect([response.status, error]).toEqual([404, { code: Code.NOT_FOUND, message: "no such product", details: [] }]);
});

/** Checks types only, and is never called: invalid values do not type-check. */
export async function wrong(): Promise<void> {
  // @ts-expect-error an unknown area
  await client.GET("/v1/prod/{prodId}", { params: { path: { prodId: 1 }, query: { prodArea: "D" } } });
  // @ts-expect-error an order without a number
  await client.POST("/v1/orders", { body: { orderId: 1, userId: 2 } });
}
