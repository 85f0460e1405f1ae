// Tests of the shop server, without a socket.
// Run them from the root of the repository: node --test examples/shop/server.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderService, ProdAreas, ProdService, UserService } from "@grpc-study/proto/shop";
import { Code, createClient } from "@grpc-study/rpc";
import { server } from "./server.ts";

const channel = server.channel();
const prods = createClient(ProdService, channel);
const orders = createClient(OrderService, channel);
const users = createClient(UserService, channel);

const ids = (...userIds: number[]) => ({ users: userIds.map((userId) => ({ userId })) });

test("the stock depends on the area", async () => {
  assert.equal((await prods.getProdStock({ prodId: 998, prodArea: ProdAreas.B })).prodStock, 721);
});

test("requests that break a rule of the .proto files are rejected", async () => {
  await assert.rejects(prods.getProdStock({ prodId: 0 }), { code: Code.INVALID_ARGUMENT });
  await assert.rejects(orders.newOrder({}), { code: Code.INVALID_ARGUMENT });
});

test("scores: one response, pages of two, all at the end, and one for each request", async () => {
  assert.equal((await users.getUserScore(ids(1, 2))).users.length, 2);
  const pages = await Array.fromAsync(users.getUserScoreByServerStream(ids(1, 2, 3)), (page) => page.users.length);
  assert.deepEqual(pages, [2, 1]);
  assert.equal((await users.getUserScoreByClientStream([ids(1), ids(2, 3)])).users.length, 3);
  const answers = await Array.fromAsync(users.getUserScoreByDoubleEndStream([ids(1), ids(2, 3)]), (answer) => answer.users.length);
  assert.deepEqual(answers, [1, 2]);
});
