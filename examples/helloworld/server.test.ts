// Tests of the hello world server, without a socket.
// Run them from the root of the repository: node --test examples/helloworld/server.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { Greeter } from "@grpc-study/proto/helloworld";
import { createClient } from "@grpc-study/rpc";
import { server } from "./server.ts";

const client = createClient(Greeter, server.channel());

test("greets by name, and logs it", async (t) => {
  const log = t.mock.method(console, "log", () => {});
  assert.equal((await client.sayHello({ name: "world" })).message, "Hello world");
  assert.deepEqual(log.mock.calls[0]?.arguments, ["Received: world"]);
});
