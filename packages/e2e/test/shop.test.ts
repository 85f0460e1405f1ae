import { UserService } from "@grpc-study/proto/shop";
import { createClient } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { shop } from "./contract/shop.ts";
import { addressOf } from "./harness/address-of.ts";
import { client } from "./harness/client.ts";
import { testTopic } from "./harness/topic-suite.ts";

describe("shop", () => testTopic(shop));

const ask = (...args: string[]) => client(["shop", ...args, "--addr", addressOf("shop")]);

test("the shop client prints a placed order, and the orders that a filter finds by pages", async () => {
  const place = (id: number) =>
    ask("order", "--id", `${id}`, "--no", `list-${id}`, "--user-id", "4711", "--money", "2.5", "--time", "2024-01-01T00:00:00Z");
  for (const id of [1, 2, 3]) expect(await place(id)).toMatchObject({ status: 0 });
  const line = (id: number) =>
    `order:{order_id:${id} order_no:"list-${id}" user_id:4711 order_money:2.5 order_time:{seconds:1704067200}} position:`;
  expect((await ask("orders", "--no", "list-2")).stdout).toContain(line(2));
  const found = await ask("orders", "--filter", "user_id = 4711", "--page-size", "2");
  expect(found.stdout.split("\n")).toEqual([
    expect.stringContaining(line(1)),
    expect.stringContaining(line(2)),
    expect.stringMatching(/^next_page_token:"[\w-]+"$/),
    "",
  ]);
  const all = await ask("orders", "--filter", "user_id = 4711", "--page-size", "2", "--all");
  expect(all.stdout.trim().split("\n")).toHaveLength(3);
  expect(await ask("orders", "--no", "nosuch")).toMatchObject({ status: 1, stderr: 'NOT_FOUND: no order has the order_no "nosuch"\n' });
});

test("a user has the same score in each of the four call kinds", async () => {
  using shopping = createClient(UserService, addressOf("shop"));
  const users = Array.from({ length: 50 }, (_, index) => ({ userId: index + 1 }));
  const { users: scored } = await shopping.getUserScore({ users });
  const streamed = [];
  for await (const response of shopping.getUserScoreByServerStream({ users })) streamed.push(...response.users);
  const { users: collected } = await shopping.getUserScoreByClientStream(users.map((user) => ({ users: [user] })));
  const conversed = [];
  for await (const response of shopping.getUserScoreByDoubleEndStream(users.map((user) => ({ users: [user] }))))
    conversed.push(...response.users);

  expect(scored.map(({ userId }) => ({ userId }))).toEqual(users);
  expect([streamed, collected, conversed]).toEqual([scored, scored, scored]);
  expect(new Set(scored.map(({ userScore }) => userScore)).size).toBeGreaterThan(1);
});

test("the shop client prints the scores of our server in each of the four modes", async () => {
  const { stdout: unary } = await ask("scores");
  // Go's text format omits a score of 0.
  const [one, two, three, four, five] = unary.match(/user_id:\d+( user_score:\d+)?/g) ?? [];
  expect(unary).toBe(`[${one} ${two} ${three} ${four} ${five}]\n`);
  expect((await ask("scores", "--mode", "server")).stdout).toBe(`[${one} ${two}]\n[${three} ${four}]\n[${five}]\n`);
  expect((await ask("scores", "--mode", "client", "--users", "2")).stdout).toBe(`[${one} ${two} ${one} ${two} ${one} ${two}]\n`);
  expect((await ask("scores", "--mode", "double")).stdout).toBe(unary.repeat(3));
});

test("the shop client makes the calls of the tutorial's clients by default", async () => {
  const { stdout: unary } = await ask("scores");
  const { stdout: server } = await ask("scores", "--mode", "server");
  const { stdout: streamed } = await ask("scores", "--mode", "client");
  expect(await ask()).toEqual({
    status: 0,
    stdout: `114514\n[prod_stock:114514 prod_stock:10086 prod_stock:721 prod_stock:666]\nprod_stock:666\n${server}${streamed}${unary.repeat(3)}`,
    stderr: "",
  });
});

test.each([
  [["stocks", "--size", "-1"], "size must be greater than or equal to 0, is -1"],
  [["stock", "--id", "0"], "prod_id must be greater than 0, is 0"],
  [["scores", "--users", "1001", "--mode", "client"], "users must contain no more than 1000 items, has 1001"],
  [
    ["order", "--id", "-1", "--no", "", "--user-id", "0", "--money", "-1"],
    'order_main.order_id must be greater than 0, is -1; order_main.order_no must be at least 1 character, is ""; order_main.user_id must be greater than 0, is 0 (and 1 more)',
  ],
])("the shop client reports the broken rules on one line: %o", async (args, problem) => {
  expect(await ask(...args)).toEqual({ status: 1, stdout: "", stderr: `INVALID_ARGUMENT: ${problem}\n` });
});
