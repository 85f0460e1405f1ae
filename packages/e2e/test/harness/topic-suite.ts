// Tests that every topic runs: the server responds to our library, and our client's command works
// with our server.
import { describe, expect, test } from "vitest";
import type { Topic } from "../contract/topic.ts";
import { expectAnswer } from "../peers/caller.ts";
import { callWithRpc } from "../peers/rpc.ts";
import { addressOf } from "./address-of.ts";
import { client } from "./client.ts";

export function testTopic({ name, calls, commands }: Topic): void {
  describe("the server, called by our library", () => {
    for (const call of calls) test(call.title, () => expectAnswer(callWithRpc, addressOf(name), call));
  });

  describe("the client", () => {
    for (const { title, args, stdin, stdout } of commands.filter(({ othersOnly }) => !othersOnly)) {
      test(title, async () => {
        expect(await client([name, ...args, "--addr", addressOf(name)], stdin)).toEqual({ status: 0, stdout, stderr: "" });
      });
    }
  });
}
