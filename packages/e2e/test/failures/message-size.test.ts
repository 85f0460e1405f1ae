// The default message size limit is 4 MiB, as in Go.
import { Greeter } from "@grpc-study/proto/chat";
import { Code, createClient, implement } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { addressOf } from "../harness/address-of.ts";
import { client } from "../harness/client.ts";
import { serveRpc } from "../harness/rpc-server.ts";
import { callWithBufCurl } from "../peers/buf-curl.ts";
import type { Caller } from "../peers/caller.ts";
import { callWithConnect } from "../peers/connect-node.ts";
import { callWithLoader } from "../peers/proto-loader.ts";
import { callWithRpc } from "../peers/rpc.ts";

const limit = 4 * 1024 * 1024;

/** Returns a question of the given encoded size, tag and length included. Its answer is short. */
function question(bytes: number): string {
  const left = bytes - 5;
  return "a".repeat(left % 3) + "吗".repeat(Math.floor(left / 3));
}

const callers: [string, Caller][] = [
  ["our client", callWithRpc],
  ["buf curl", callWithBufCurl()],
  ["a connect-node client", callWithConnect],
  ["a proto-loader client", callWithLoader],
];

describe.each(callers)("our server, called by %s,", (_, caller) => {
  const ask = (name: string) => caller(addressOf("chat"), { method: Greeter.method.bidiHello, requests: [{ name }] });

  test("accepts a request of exactly 4 MiB", async () => {
    expect(await ask(question(limit))).toMatchObject({ code: Code.OK });
  });

  test("rejects one byte more with RESOURCE_EXHAUSTED", async () => {
    expect(await ask(question(limit + 1))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message: expect.stringContaining("4194304") });
  });
});

test("our client's command reports an oversized request on one line", async () => {
  const { status, stdout, stderr } = await client(["chat", "--addr", addressOf("chat")], `1\n${"吗".repeat(2_000_000)}\n`);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^(AI：1\n)?$/);
  expect(stderr).toMatch(/^RESOURCE_EXHAUSTED: .+\n$/);
});

test("our client rejects a response of more than 4 MiB with RESOURCE_EXHAUSTED", async () => {
  await using server = await serveRpc([
    implement(Greeter, {
      async *bidiHello(requests) {
        for await (const { name } of requests) yield { reply: question(Number(name)) };
      },
    }),
  ]);
  using asking = createClient(Greeter, server.address);
  const stream = asking.bidiHello([{ name: `${limit}` }, { name: `${limit + 1}` }]);
  expect((await stream.recv())?.reply).toHaveLength(question(limit).length);
  await expect(stream.recv()).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});
