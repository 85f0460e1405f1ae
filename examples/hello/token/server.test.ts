// Tests of the token server, without a socket. Its interceptor runs, too.
// Run them from the root of the repository: node --test examples/hello/token/server.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { SayHello } from "@grpc-study/proto/hello";
import { Code, createClient } from "@grpc-study/rpc";
import { server } from "./server.ts";

const client = createClient(SayHello, server.channel());

test("greets a caller with the right token", async () => {
  const metadata = { user: "xiaoming", token: "123321123" };
  const { resMessage } = await client.sayHello({ messageName: "XiaoMing" }, { metadata });
  assert.equal(resMessage, "Message send by SayHello server :Hello XiaoMing");
});

for (const metadata of [{ user: "xiaoming" }, { user: "xiaoming", token: "wrong" }, { user: "somebody", token: "123321123" }]) {
  test(`rejects ${JSON.stringify(metadata)}`, async () => {
    await assert.rejects(client.sayHello({ messageName: "XiaoMing" }, { metadata }), { code: Code.UNAUTHENTICATED });
  });
}
