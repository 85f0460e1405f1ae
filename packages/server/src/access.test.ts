import { OrderService, ProdService } from "@grpc-study/proto/shop";
import { Code, createClient, createServer, type MetadataInit, RpcError } from "@grpc-study/rpc";
import { Health } from "@grpc-study/rpc/health";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { expect, onTestFinished, test } from "vitest";
import { accessControl, type User } from "./access.ts";
import { orderService } from "./shop/order-service.ts";
import { prodService } from "./shop/prod-service.ts";

const users: User[] = [
  { user: "xiaoming", token: "123321123" },
  { user: "buyer", token: "b", methods: ["/services.OrderService/NewOrder"] },
  { user: "looker", token: "l", methods: ["/services.ProdService/*"] },
];

async function start() {
  const server = createServer({ reflection: true, interceptors: accessControl("token", users) });
  server.add(prodService(), orderService());
  onTestFinished(() => void server.shutdown({ graceMs: 0 }));
  const { address } = await server.listen("127.0.0.1:0");
  return address;
}

async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch (error) {
    return error instanceof RpcError ? `${Code[error.code]} ${error.message}` : String(error);
  }
}

test.each<[MetadataInit, string]>([
  [{ user: "xiaoming", token: "123321123" }, "OK"],
  [{}, "UNAUTHENTICATED 未传输Token"],
  [{ user: "xiaoming" }, "UNAUTHENTICATED 未传输Token"],
  [{ token: "123321123" }, "UNAUTHENTICATED Token 不正确"],
  [{ user: "xiaoming", token: "" }, "UNAUTHENTICATED Token 不正确"],
  [{ user: "xiaoming", token: "b" }, "UNAUTHENTICATED Token 不正确"],
  [{ user: "nobody", token: "123321123" }, "UNAUTHENTICATED Token 不正确"],
  [{ user: "xiaoming", token: ["123321123", "x"] }, "UNAUTHENTICATED Token 不正确"],
  [{ user: "xiaoming", token: ["x", "123321123"] }, "UNAUTHENTICATED Token 不正确"],
  [{ user: "xiaoming", "token-bin": Buffer.from("123321123") }, "UNAUTHENTICATED 未传输Token"],
])("a call with %j is %s", async (metadata, expected) => {
  using client = createClient(OrderService, await start());
  expect(await outcome(client.newOrder({}, { metadata }))).toBe(expected);
});

test("who may call NewOrder: a user without a list of methods, and one whose list has it", async () => {
  const address = await start();
  using orders = createClient(OrderService, address);
  using products = createClient(ProdService, address);
  const may = async (user: string, token: string) => {
    const metadata = { user, token };
    return [await outcome(orders.newOrder({}, { metadata })), await outcome(products.getProdStock({}, { metadata }))];
  };
  expect(await may("xiaoming", "123321123")).toEqual(["OK", "OK"]);
  expect(await may("buyer", "b")).toEqual(["OK", "PERMISSION_DENIED buyer may not call /services.ProdService/GetProdStock"]);
  expect(await may("looker", "l")).toEqual(["PERMISSION_DENIED looker may not call /services.OrderService/NewOrder", "OK"]);
});

test("health needs no token, reflection does", async () => {
  const address = await start();
  using health = createClient(Health, address);
  using reflection = createClient(ServerReflection, address);
  expect(await outcome(health.check({}))).toBe("OK");
  expect(await outcome(reflection.serverReflectionInfo([]).recv())).toBe("UNAUTHENTICATED 未传输Token");
});
