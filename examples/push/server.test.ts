// Tests of the push server, without a socket.
// Run them from the root of the repository: node --test examples/push/server.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { Greeter } from "@grpc-study/proto/push";
import { Code, createClient } from "@grpc-study/rpc";
import { virtualTime } from "@grpc-study/rpc/testing";
import { server } from "./server.ts";

const client = createClient(Greeter, server.channel());

test("getStream pushes the time eleven times, once a second", async (t) => {
  const time = virtualTime({ start: 0 });
  t.after(() => time[Symbol.dispose]());
  const pushed = Array.fromAsync(client.getStream({}), ({ data }) => data);
  await time.advance(11_000); // takes about ten milliseconds
  assert.deepEqual(await pushed, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
});

test("putStream counts what the client pushes", async (t) => {
  t.mock.method(console, "log", () => {});
  assert.equal((await client.putStream([{ data: "a" }, { data: "b" }])).data, "2");
});

test("allStream pushes until the half-close", async (t) => {
  t.mock.method(console, "log", () => {});
  const time = virtualTime();
  t.after(() => time[Symbol.dispose]());
  const call = client.allStream();
  const pushed = Array.fromAsync(call, ({ data }) => data);
  await time.advance(2_500);
  call.closeSend();
  assert.deepEqual(await pushed, ["ssss", "ssss", "ssss"]);
});

test("a stream ends when the client cancels", async () => {
  const call = client.getStream({});
  await call.recv();
  call.cancel();
  await assert.rejects(call.recv(), { code: Code.CANCELLED });
});
