// Tests of the hello-stream server, without a socket.
// Run them from the root of the repository: node --test examples/hello-stream/server.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { SayHello } from "@grpc-study/proto/hello_stream";
import { Code, createClient } from "@grpc-study/rpc";
import { virtualTime } from "@grpc-study/rpc/testing";
import { server } from "./server.ts";

const client = createClient(SayHello, server.channel());

test("answers the first request after a second, and ends", async (t) => {
  t.mock.method(console, "log", () => {});
  const time = virtualTime();
  t.after(() => time[Symbol.dispose]());
  const responses = Array.fromAsync(client.sayHello([{ messageName: "zhc" }]), ({ resMessage }) => resMessage);
  await time.advance(1_000); // takes about a millisecond
  assert.deepEqual(await responses, ["recv zhc"]);
});

test("rejects a half-close without a request", async () => {
  await assert.rejects(Array.fromAsync(client.sayHello([])), { code: Code.INVALID_ARGUMENT });
});
