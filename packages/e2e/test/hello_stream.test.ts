import { SayHello } from "@grpc-study/proto/hello_stream";
import { createClient } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { helloStream } from "./contract/hello_stream.ts";
import { addressOf } from "./harness/address-of.ts";
import { serve } from "./harness/server.ts";
import { testTopic } from "./harness/topic-suite.ts";

describe("hello-stream", () => testTopic(helloStream));

test("the hello-stream server responds after a second, then ends the stream before the client half-closes", async () => {
  using client = createClient(SayHello, addressOf("hello-stream"));
  const start = performance.now();
  const stream = client.sayHello();
  await stream.send({ messageName: "zhc" });
  expect((await stream.recv())?.resMessage).toBe("recv zhc");
  expect(performance.now() - start).toBeGreaterThan(990);
  expect(await stream.recv()).toBeUndefined();
  expect(await stream.send({ messageName: "again" })).toBe(false);
});

test("the hello-stream server logs what it received", async () => {
  await using server = await serve("hello-stream");
  using client = createClient(SayHello, server.address);
  const stream = client.sayHello();
  await stream.send({ messageName: "zhc" });
  expect(await server.logged(({ msg }) => msg !== "call")).toMatchObject({ level: "info", msg: "服务端接受的消息 zhc" });
  stream.cancel();
});
