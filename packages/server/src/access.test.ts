import { once } from "node:events";
import { SayHello } from "@grpc-study/proto/hello";
import { Greeter } from "@grpc-study/proto/push";
import { OrderService, ProdService } from "@grpc-study/proto/shop";
import { Code, createClient, createServer, implement, type MetadataInit, RpcError } from "@grpc-study/rpc";
import { Health } from "@grpc-study/rpc/health";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { describe, expect, onTestFinished, test } from "vitest";
import { recordLog } from "../test/serve-services.ts";
import { accessControl } from "./access.ts";
import { greeter as pushService } from "./push/greeter.ts";
import { type User, UserList } from "./user-list.ts";

const users: readonly User[] = [
  { user: "xiaoming", token: "123321123" },
  { user: "buyer", token: "b", methods: ["/services.OrderService/NewOrder"] },
  { user: "looker", token: "l", methods: ["/services.ProdService/*"] },
];

const called = Promise.withResolvers<AbortSignal>();
const waiting = implement(SayHello, {
  async sayHello(_request, { signal }) {
    called.resolve(signal);
    await once(signal, "abort");
    return {};
  },
});

const products = implement(ProdService, { getProdStock: () => ({}) });
const orders = implement(OrderService, { newOrder: () => ({}) });

async function start(list = new UserList(users)) {
  const server = createServer({ reflection: true, interceptors: accessControl("token", list) });
  server.add(products, orders, pushService(recordLog().log), waiting);
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
  [{ user: ["xiaoming", "buyer"], token: "123321123" }, "UNAUTHENTICATED Token 不正确"],
  [{ user: ["buyer", "xiaoming"], token: "123321123" }, "UNAUTHENTICATED Token 不正确"],
  [{ user: "xiaoming", "token-bin": Buffer.from("123321123") }, "UNAUTHENTICATED 未传输Token"],
])("a call with %j is %s", async (metadata, expected) => {
  using client = createClient(OrderService, await start());
  expect(await outcome(client.newOrder({}, { metadata }))).toBe(expected);
});

test("users without a list of methods, and users whose list has NewOrder, may call it", async () => {
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

describe("a user who is removed from the list", () => {
  const metadata = { user: "xiaoming", token: "123321123" };
  const others = users.slice(1);

  test("fails with the next call", async () => {
    const list = new UserList(users);
    using client = createClient(OrderService, await start(list));
    expect(await outcome(client.newOrder({}, { metadata }))).toBe("OK");
    list.replace(others);
    expect(await outcome(client.newOrder({}, { metadata }))).toBe("UNAUTHENTICATED Token 不正确");
    expect(await outcome(client.newOrder({}, { metadata: { user: "buyer", token: "b" } }))).toBe("OK");
    list.replace(users);
    expect(await outcome(client.newOrder({}, { metadata }))).toBe("OK");
  });

  test.each([
    ["the user", others, "UNAUTHENTICATED Token 不正确"],
    ["the token", [{ user: "xiaoming", token: "another" }, ...others], "UNAUTHENTICATED Token 不正确"],
    [
      "the method",
      [{ ...users[0], methods: ["/services.ProdService/*"] }, ...others] as User[],
      "PERMISSION_DENIED xiaoming may not call /Greeter/AllStream",
    ],
  ])("has the running streams ended: %s is gone", async (_what, remaining, expected) => {
    const list = new UserList([...users, { user: "mei", token: "m" }]);
    const address = await start(list);
    using client = createClient(Greeter, address);
    const [mine, hers] = [client.allStream({ metadata }), client.allStream({ metadata: { user: "mei", token: "m" } })];
    for (const stream of [mine, hers]) await stream.send({ data: "a" });
    expect([await mine.recv(), await hers.recv()]).toMatchObject([{}, {}]);
    list.replace([...remaining, { user: "mei", token: "m" }]);
    expect(await outcome(mine.recv())).toBe(expected);
    hers.closeSend();
    expect(await outcome(Array.fromAsync(hers))).toBe("OK");
  });

  test("loses running unary calls, and their handlers are aborted", async () => {
    const list = new UserList(users);
    using client = createClient(SayHello, await start(list));
    const ended = outcome(client.sayHello({}, { metadata }));
    const signal = await called.promise;
    list.replace(others);
    expect(await ended).toBe("UNAUTHENTICATED Token 不正确");
    await expect.poll(() => signal.aborted).toBe(true);
  });
});
