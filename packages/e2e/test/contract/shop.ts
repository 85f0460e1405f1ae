import assert from "node:assert/strict";
import type { JsonObject } from "@bufbuild/protobuf";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { Code } from "@grpc-study/rpc";
import type { Topic } from "./topic.ts";

const { getProdStock, getProdStocks, getProdInfo } = ProdService.method;
const { newOrder } = OrderService.method;
const { getUserScore, getUserScoreByServerStream, getUserScoreByClientStream, getUserScoreByDoubleEndStream } = UserService.method;

const stocks = [{ prod_stock: 114514 }, { prod_stock: 10086 }, { prod_stock: 721 }, { prod_stock: 666 }];
const users = (...ids: number[]) => ({ users: ids.map((user_id) => ({ user_id })) });
const fiveUsers = users(1, 2, 3, 4, 5);

/**
 * Asserts the user ids of each response, in order, and that each score is an integer from 0 to 99.
 */
const scoresOf =
  (...expected: number[][]) =>
  (responses: readonly JsonObject[]) => {
    const batches = responses as readonly { users?: { user_id: number; user_score?: number }[] }[];
    assert.deepEqual(
      batches.map(({ users = [] }) => users.map(({ user_id }) => user_id)),
      expected,
    );
    for (const { user_score: score = 0 } of batches.flatMap(({ users = [] }) => users)) {
      assert(Number.isInteger(score) && score >= 0 && score < 100, `the score must be an integer from 0 to 99, got ${score}`);
    }
  };

/** A response with the score 80 plus the user id. */
const scored = (...ids: number[]) => ({ users: ids.map((user_id) => ({ user_id, user_score: 80 + user_id })) });
const printed = (...ids: number[]) => `[${ids.map((id) => `user_id:${id} user_score:${80 + id}`).join(" ")}]\n`;

const tutorial = {
  stock: { method: getProdStock, requests: [{ prod_id: 10086 }], responses: [{ prod_stock: 114514 }] },
  stocks: { method: getProdStocks, requests: [{ size: 10 }], responses: [{ productes: stocks }] },
  stockOfC: { method: getProdStock, requests: [{ prod_id: 2, prod_area: "C" }], responses: [{ prod_stock: 666 }] },
  unary: { method: getUserScore, requests: [fiveUsers], responses: [scored(1, 2, 3, 4, 5)] },
  server: { method: getUserScoreByServerStream, requests: [fiveUsers], responses: [scored(1, 2), scored(3, 4), scored(5)] },
  client: {
    method: getUserScoreByClientStream,
    requests: [fiveUsers, fiveUsers, fiveUsers],
    responses: [scored(1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5)],
  },
  double: {
    method: getUserScoreByDoubleEndStream,
    requests: [fiveUsers, fiveUsers, fiveUsers],
    responses: [scored(1, 2, 3, 4, 5), scored(1, 2, 3, 4, 5), scored(1, 2, 3, 4, 5)],
  },
  order: {
    method: newOrder,
    requests: [{ order_main: { order_id: 1, order_no: "20210722", user_id: 7, order_money: 20.5, order_time: "2021-07-22T10:00:00Z" } }],
    responses: [{ status: "OK", message: "success" }],
  },
};

const five = printed(1, 2, 3, 4, 5);
const printedStocks = "[prod_stock:114514 prod_stock:10086 prod_stock:721 prod_stock:666]\n";

export const shop: Topic = {
  name: "shop",
  listeners: [
    { port: 8083, security: "plaintext" },
    { port: 10086, security: "mutual TLS" },
  ],
  definition: [
    "/services.ProdService/GetProdStock unary",
    "/services.ProdService/GetProdStocks unary",
    "/services.ProdService/GetProdInfo unary",
    "services.ProdRequest{int32 prod_id=1; services.ProdAreas prod_area=2}",
    "services.ProdAreas{A=0; B=1; C=2}",
    "services.ProdResponse{int32 prod_stock=1}",
    "services.QuerySize{int32 size=1}",
    "services.ProdResponseList{repeated services.ProdResponse productes=1}",
    "services.ProdModel{int32 prod_id=1; string prod_name=2; float prod_price=3}",
    "/services.OrderService/NewOrder unary",
    "services.OrderRequest{services.OrderMain order_main=1}",
    "services.OrderMain{int32 order_id=1; string order_no=2; int32 user_id=3; float order_money=4; google.protobuf.Timestamp order_time=5}",
    "services.OrderResponse{string status=1; string message=2}",
    "/services.UserService/GetUserScore unary",
    "/services.UserService/GetUserScoreByServerStream server_streaming",
    "/services.UserService/GetUserScoreByClientStream client_streaming",
    "/services.UserService/GetUserScoreByDoubleEndStream bidi_streaming",
    "services.UserScoreRequest{repeated services.UserInfo users=1}",
    "services.UserInfo{int32 user_id=1; int32 user_score=2}",
    "services.UserScoreResponse{repeated services.UserInfo users=1}",
    // Not of the tutorial.
    "/services.OrderHistory/GetOrder unary",
    "/services.OrderHistory/ListOrders unary",
    "/services.OrderHistory/WatchOrders server_streaming",
    "services.GetOrderRequest{string order_no=1}",
    "services.PlacedOrder{services.OrderMain order=1; int64 position=2; google.protobuf.Timestamp place_time=3}",
    "services.OrderMain{int32 order_id=1; string order_no=2; int32 user_id=3; float order_money=4; google.protobuf.Timestamp order_time=5}",
    "services.ListOrdersRequest{int32 page_size=1; string page_token=2; string filter=3}",
    "services.ListOrdersResponse{repeated services.PlacedOrder orders=1; string next_page_token=2}",
    "services.WatchOrdersRequest{int64 after_position=1; string filter=2}",
    "services.WatchOrdersResponse{services.PlacedOrder order=1; int64 position=2}",
  ],
  calls: [
    { title: "GetProdStock returns the stock of area A by default", ...tutorial.stock },
    {
      title: "GetProdStock returns the stock of area B",
      method: getProdStock,
      requests: [{ prod_id: 1, prod_area: "B" }],
      responses: [{ prod_stock: 721 }],
    },
    { title: "GetProdStock returns the stock of area C", ...tutorial.stockOfC },
    {
      title: "GetProdStock rejects an unknown area",
      method: getProdStock,
      requests: [{ prod_id: 998, prod_area: 9 }],
      responses: [],
      code: Code.INVALID_ARGUMENT,
    },
    { title: "GetProdStocks returns all four stocks", ...tutorial.stocks },
    {
      title: "GetProdStocks returns at most `size` stocks",
      method: getProdStocks,
      requests: [{ size: 2 }],
      responses: [{ productes: stocks.slice(0, 2) }],
    },
    {
      title: "GetProdInfo returns the requested product",
      method: getProdInfo,
      requests: [{ prod_id: 998 }],
      responses: (responses) =>
        assert.deepEqual(
          responses.map(({ prod_id }) => prod_id),
          [998],
        ),
    },
    {
      title: "GetProdStock rejects a product id that is not positive",
      method: getProdStock,
      requests: [{ prod_id: 0 }],
      responses: [],
      code: Code.INVALID_ARGUMENT,
    },
    { title: "NewOrder accepts an order", ...tutorial.order },
    {
      title: "NewOrder rejects an order that breaks the rules",
      method: newOrder,
      requests: [{ order_main: { order_id: 1, order_no: "", user_id: 7 } }],
      responses: [],
      code: Code.INVALID_ARGUMENT,
    },
    {
      title: "GetUserScore returns scores in the order of the users",
      method: getUserScore,
      requests: [users(5, 1, 3)],
      responses: scoresOf([5, 1, 3]),
    },
    {
      title: "GetUserScore rejects a user id that is not positive",
      method: getUserScore,
      requests: [users(5, -1)],
      responses: [],
      code: Code.INVALID_ARGUMENT,
    },
    {
      title: "GetUserScoreByDoubleEndStream rejects a request that breaks the rules",
      method: getUserScoreByDoubleEndStream,
      requests: [users(-1)],
      responses: [],
      code: Code.INVALID_ARGUMENT,
    },
    {
      title: "GetUserScoreByServerStream responds in batches of two users",
      method: getUserScoreByServerStream,
      requests: [fiveUsers],
      responses: scoresOf([1, 2], [3, 4], [5]),
    },
    {
      title: "GetUserScoreByClientStream answers once, with the users of all requests",
      method: getUserScoreByClientStream,
      requests: [users(1, 2), users(3), users(2)],
      responses: scoresOf([1, 2, 3, 2]),
    },
    {
      title: "GetUserScoreByDoubleEndStream answers each request with its own users",
      method: getUserScoreByDoubleEndStream,
      requests: [users(1, 2), users(3), users()],
      responses: scoresOf([1, 2], [3], []),
    },
  ],
  commands: [
    { title: "prints a stock as a number", args: ["stock"], exchanges: [tutorial.stock], stdout: "114514\n" },
    {
      title: "requests the stock of an area",
      args: ["stock", "--id", "2", "--area", "C"],
      exchanges: [tutorial.stockOfC],
      stdout: "666\n",
    },
    { title: "prints stocks in Go's text format", args: ["stocks"], exchanges: [tutorial.stocks], stdout: printedStocks },
    {
      title: "prints a product in Go's text format",
      args: ["info", "--id", "998"],
      exchanges: [
        {
          method: getProdInfo,
          requests: [{ prod_id: 998 }],
          responses: [{ prod_id: 998, prod_name: 'a "book"', prod_price: 20.1 }],
        },
      ],
      stdout: 'prod_id:998 prod_name:"a \\"book\\"" prod_price:20.1\n',
      othersOnly: true,
    },
    {
      title: "places an order",
      args: ["order", "--id", "1", "--no", "20210722", "--user-id", "7", "--money", "20.5", "--time", "2021-07-22T10:00:00Z"],
      exchanges: [tutorial.order],
      stdout: 'status:"OK" message:"success"\n',
    },
    { title: "prints scores", args: ["scores"], exchanges: [tutorial.unary], stdout: five, othersOnly: true },
    {
      title: "prints scores in batches",
      args: ["scores", "--mode", "server"],
      exchanges: [tutorial.server],
      stdout: printed(1, 2) + printed(3, 4) + printed(5),
      othersOnly: true,
    },
    {
      title: "requests scores in batches",
      args: ["scores", "--mode", "client"],
      exchanges: [tutorial.client],
      stdout: printed(1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5),
      othersOnly: true,
    },
    {
      title: "requests and prints scores in batches",
      args: ["scores", "--mode", "double", "--users", "2", "--batches", "2"],
      exchanges: [{ method: getUserScoreByDoubleEndStream, requests: [users(1, 2), users(1, 2)], responses: [scored(1, 2), scored(1, 2)] }],
      stdout: printed(1, 2) + printed(1, 2),
      othersOnly: true,
    },
    {
      title: "makes the calls of the tutorial's clients by default",
      args: [],
      exchanges: [tutorial.stock, tutorial.stocks, tutorial.stockOfC, tutorial.server, tutorial.client, tutorial.double],
      stdout: `114514\n${printedStocks}prod_stock:666\n${printed(1, 2)}${printed(3, 4)}${printed(5)}${printed(1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5)}${five}${five}${five}`,
      othersOnly: true,
    },
  ],
};
