// The wire contract of the tutorials: names, numbers, types and paths must not change.
import type { DescMessage, DescService } from "@bufbuild/protobuf";
import { getOption, ScalarType } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { http } from "../gen/google/api/annotations_pb.js";
import * as chat from "../src/chat.ts";
import * as hello from "../src/hello.ts";
import * as helloStream from "../src/hello_stream.ts";
import * as helloworld from "../src/helloworld.ts";
import * as push from "../src/push.ts";
import * as shop from "../src/shop.ts";
import * as streams from "../src/streams.ts";

const describeMessage = ({ typeName, fields }: DescMessage) =>
  `${typeName}{${fields
    .map((field) => {
      const type = field.message?.typeName ?? field.enum?.typeName ?? (field.scalar && ScalarType[field.scalar].toLowerCase());
      return `${field.fieldKind === "list" ? "repeated " : ""}${type} ${field.name}=${field.number}`;
    })
    .join("; ")}}`;

const describeService = ({ typeName, methods }: DescService) => methods.map(({ name, methodKind }) => `/${typeName}/${name} ${methodKind}`);

test.each([
  ["chat", chat.Greeter, ["/pb.Greeter/BidiHello bidi_streaming"]],
  [
    "chat",
    chat.Rooms,
    ["/chat.Rooms/Join server_streaming", "/chat.Rooms/Say unary", "/chat.Rooms/History unary", "/chat.Rooms/Members unary"],
  ],
  ["hello", hello.SayHello, ["/SayHello/SayHello unary"]],
  ["hello-stream", helloStream.SayHello, ["/SayHello/SayHello bidi_streaming"]],
  ["helloworld", helloworld.Greeter, ["/proto.Greeter/SayHello unary"]],
  ["streams", streams.StreamServer, ["/StreamServer/ListValue server_streaming"]],
  ["streams", streams.StreamClient, ["/StreamClient/RouteList client_streaming"]],
  ["streams", streams.Stream, ["/Stream/Conversations bidi_streaming"]],
  [
    "shop",
    shop.ProdService,
    ["/services.ProdService/GetProdStock unary", "/services.ProdService/GetProdStocks unary", "/services.ProdService/GetProdInfo unary"],
  ],
  ["shop", shop.OrderService, ["/services.OrderService/NewOrder unary"]],
  [
    "shop",
    shop.OrderHistory,
    [
      "/services.OrderHistory/GetOrder unary",
      "/services.OrderHistory/ListOrders unary",
      "/services.OrderHistory/WatchOrders server_streaming",
    ],
  ],
  [
    "shop",
    shop.UserService,
    [
      "/services.UserService/GetUserScore unary",
      "/services.UserService/GetUserScoreByServerStream server_streaming",
      "/services.UserService/GetUserScoreByClientStream client_streaming",
      "/services.UserService/GetUserScoreByDoubleEndStream bidi_streaming",
    ],
  ],
  [
    "push",
    push.Greeter,
    ["/Greeter/GetStream server_streaming", "/Greeter/PutStream client_streaming", "/Greeter/AllStream bidi_streaming"],
  ],
] as const)("%s: the methods of %o", (_topic, service, paths) => {
  expect(describeService(service)).toEqual(paths);
});

test.each<[DescMessage, string]>([
  [chat.HelloRequestSchema, "pb.HelloRequest{string name=1}"],
  [chat.HelloResponseSchema, "pb.HelloResponse{string reply=1}"],
  [hello.HelloReqSchema, "HelloReq{string messageName=1; int64 messageLen=2}"],
  [hello.HelloResSchema, "HelloRes{string resMessage=1}"],
  [helloStream.HelloStreamReqSchema, "HelloStreamReq{string messageName=1; int64 messageLen=2}"],
  [helloStream.HelloStreamResSchema, "HelloStreamRes{string resMessage=1}"],
  [helloworld.HelloRequestSchema, "proto.HelloRequest{string name=1}"],
  [helloworld.HelloReplySchema, "proto.HelloReply{string message=1}"],
  [streams.serverStream.SimpleRequestSchema, "SimpleRequest{string data=1}"],
  [streams.serverStream.StreamResponseSchema, "StreamResponse{string stream_value=1}"],
  [streams.clientStream.StreamRequestSchema, "StreamRequest{string stream_data=1}"],
  [streams.clientStream.SimpleResponseSchema, "SimpleResponse{int32 code=1; string value=2}"],
  [streams.bothStream.StreamRequestSchema, "StreamRequest{string question=1}"],
  [streams.bothStream.StreamResponseSchema, "StreamResponse{string answer=1}"],
  [shop.OrderRequestSchema, "services.OrderRequest{services.OrderMain order_main=1}"],
  [shop.ProdModelSchema, "services.ProdModel{int32 prod_id=1; string prod_name=2; float prod_price=3}"],
  [
    shop.OrderMainSchema,
    "services.OrderMain{int32 order_id=1; string order_no=2; int32 user_id=3; float order_money=4; google.protobuf.Timestamp order_time=5}",
  ],
  [shop.UserInfoSchema, "services.UserInfo{int32 user_id=1; int32 user_score=2}"],
  [shop.ProdRequestSchema, "services.ProdRequest{int32 prod_id=1; services.ProdAreas prod_area=2}"],
  [shop.ProdResponseSchema, "services.ProdResponse{int32 prod_stock=1}"],
  [shop.QuerySizeSchema, "services.QuerySize{int32 size=1}"],
  [shop.ProdResponseListSchema, "services.ProdResponseList{repeated services.ProdResponse productes=1}"],
  [shop.OrderResponseSchema, "services.OrderResponse{string status=1; string message=2}"],
  [shop.UserScoreRequestSchema, "services.UserScoreRequest{repeated services.UserInfo users=1}"],
  [shop.UserScoreResponseSchema, "services.UserScoreResponse{repeated services.UserInfo users=1}"],
  [push.StreamReqDataSchema, "StreamReqData{string data=1}"],
  [push.StreamResDataSchema, "StreamResData{string data=1}"],
])("%o", (schema, expected) => {
  expect(describeMessage(schema)).toBe(expected);
});

test("the areas of the shop are A, B and C", () => {
  expect(shop.ProdAreasSchema.values.map(({ name, number }) => `${name}=${number}`)).toEqual(["A=0", "B=1", "C=2"]);
});

test("the shop's methods have their HTTP rules", () => {
  expect(getOption(shop.ProdService.method.getProdStock, http).pattern).toEqual({ case: "get", value: "/v1/prod/{prod_id}" });
  const rule = getOption(shop.OrderService.method.newOrder, http);
  expect([rule.pattern, rule.body]).toEqual([{ case: "post", value: "/v1/orders" }, "order_main"]);
});
