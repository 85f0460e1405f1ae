// Many messages on one stream, sent without waiting for responses.
import { Greeter } from "@grpc-study/proto/chat";
import { describe, expect, test } from "vitest";
import { addressOf } from "../harness/address-of.ts";
import { client } from "../harness/client.ts";
import { callWithBufCurl } from "../peers/buf-curl.ts";
import { callWithConnect } from "../peers/connect-node.ts";
import { callWithLoader } from "../peers/proto-loader.ts";
import { callWithRpc } from "../peers/rpc.ts";

const numbers = Array.from({ length: 1_000 }, (_, n) => n);
const requests = numbers.map((n) => ({ name: `你 ${n}?` }));
const responses = numbers.map((n) => ({ reply: `我 ${n}!` }));

describe("1,000 pipelined messages are answered in order", () => {
  test.each([
    ["our library", callWithRpc],
    ["buf curl", callWithBufCurl()],
    ["connect-node", callWithConnect],
    ["proto-loader", callWithLoader],
  ])("for %s", async (_, caller) => {
    const ending = await caller(addressOf("chat"), { method: Greeter.method.bidiHello, requests });
    expect(ending).toEqual({ responses, code: 0, message: "" });
  });

  test("for our command", async () => {
    const input = requests.map(({ name }) => `${name}\n`).join("");
    const stdout = responses.map(({ reply }) => `AI：${reply}\n`).join("");
    expect(await client(["chat", "--addr", addressOf("chat")], input)).toEqual({ status: 0, stdout, stderr: "" });
  });
});
