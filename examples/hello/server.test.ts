// Tests of the hello server, without a socket.
// Run them from the root of the repository: node --test examples/hello/server.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { SayHello } from "@grpc-study/proto/hello";
import { createClient } from "@grpc-study/rpc";
import { server } from "./server.ts";

const client = createClient(SayHello, server.channel());

test("greets by name", async () => {
  const { resMessage } = await client.sayHello({ messageName: "XiaoMing" });
  assert.equal(resMessage, "Message send by SayHello server :Hello XiaoMing");
});
