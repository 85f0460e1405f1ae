// Which tutorials are found, and how their messages are read.
import { createFileRegistry, type DescService } from "@bufbuild/protobuf";
import { Greeter as Chat, Rooms } from "@grpc-study/proto/chat";
import { Greeter as Helloworld } from "@grpc-study/proto/helloworld";
import { Greeter as Push } from "@grpc-study/proto/push";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { Stream, StreamClient, StreamServer } from "@grpc-study/proto/streams";
import { expect, test } from "vitest";
import { serviceTree } from "../schema/services.ts";
import { findTutorials } from "./index.ts";
import { readMessage } from "./shape.ts";

const found = (...services: readonly DescService[]) => {
  const packages = services.flatMap(({ file, typeName }) =>
    serviceTree(
      createFileRegistry(file.proto, (name) => file.dependencies.find((one) => one.proto.name === name)),
      { services: [typeName] },
    ),
  );
  return findTutorials(packages).map(({ name }) => name);
};

test("each tutorial is found by the shape of its services", () => {
  expect(found(Chat)).toEqual(["chat"]);
  expect(found(Rooms)).toEqual(["rooms"]);
  expect(found(Push)).toEqual(["push"]);
  expect(found(StreamServer, StreamClient, Stream)).toEqual(["streams"]);
  expect(found(ProdService, OrderService, UserService)).toEqual(["shop"]);
  expect(found(Chat, Push)).toEqual(["chat", "push"]);
});

test("services of another shape, or some of them, are none", () => {
  for (const services of [[Helloworld], [StreamServer, StreamClient], [ProdService, OrderService], []])
    expect(found(...services)).toEqual([]);
});

test("messages are read by either name, and absent fields have their default", () => {
  const shape = { user_id: "number", users: [{ user_score: "number" }], order_main: { order_no: "string" } } as const;
  const expected = { user_id: 7, users: [{ user_score: 1 }, { user_score: 0 }], order_main: { order_no: "" } };
  expect(readMessage(shape, { userId: 7, users: [{ userScore: 1 }, {}] })).toEqual(expected);
  expect(readMessage(shape, { user_id: 7, users: [{ user_score: 1 }, {}], order_main: null })).toEqual(expected);
  expect(readMessage(shape, null)).toEqual({ user_id: 0, users: [], order_main: { order_no: "" } });
});
