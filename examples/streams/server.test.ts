// Tests of the streams server, without a socket.
// Run them from the root of the repository: node --test examples/streams/server.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { Stream, StreamClient, StreamServer } from "@grpc-study/proto/streams";
import { createClient } from "@grpc-study/rpc";
import { server } from "./server.ts";

const channel = server.channel();

test("listValue streams five values", async () => {
  const values = await Array.fromAsync(createClient(StreamServer, channel).listValue({ data: "n" }), ({ streamValue }) => streamValue);
  assert.deepEqual(values, ["n0", "n1", "n2", "n3", "n4"]);
});

test("routeList answers at the half-close", async (t) => {
  const log = t.mock.method(console, "log", () => {});
  const { value } = await createClient(StreamClient, channel).routeList([{ streamData: "a" }, { streamData: "b" }]);
  assert.equal(value, "ok");
  assert.deepEqual(
    log.mock.calls.map((call) => call.arguments[0]),
    ["a", "b"],
  );
});

test("conversations answers each question before the next one", async (t) => {
  t.mock.method(console, "log", () => {});
  const call = createClient(Stream, channel).conversations();
  for (const [index, question] of ["why", "how"].entries()) {
    await call.send({ question });
    assert.equal((await call.recv())?.answer, `from stream server answer: the ${index + 1} question is ${question}`);
  }
  call.closeSend();
  assert.equal(await call.recv(), undefined);
});
