// Tests of the chat server, without a socket.
// Run them from the root of the repository: node --test examples/chat/server.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { Greeter } from "@grpc-study/proto/chat";
import { createClient } from "@grpc-study/rpc";
import { server } from "./server.ts";

const client = createClient(Greeter, server.channel());

test("sends one reply for each request, in order", async () => {
  const questions = ["你好吗？", "在吧", "hi"].map((name) => ({ name }));
  const replies = await Array.fromAsync(client.bidiHello(questions), ({ reply }) => reply);
  assert.deepEqual(replies, ["我好!", "在", "hi"]);
});

test("replies before the next request, and ends after the half-close", async () => {
  const chat = client.bidiHello();
  await chat.send({ name: "我是谁?" });
  assert.equal((await chat.recv())?.reply, "我是谁!");
  chat.closeSend();
  assert.equal(await chat.recv(), undefined);
});
