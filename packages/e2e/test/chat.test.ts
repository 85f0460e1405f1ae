import { describe, expect, test } from "vitest";
import { chat } from "./contract/chat.ts";
import { addressOf } from "./harness/address-of.ts";
import { client, startClient } from "./harness/client.ts";
import { serve } from "./harness/server.ts";
import { testTopic } from "./harness/topic-suite.ts";

describe("chat", () => testTopic(chat));

test("the chat client prints each answer while the user is still typing", async () => {
  await using chatting = startClient(["chat", "--addr", addressOf("chat")]);
  for (const [question, answer] of [
    ["你好吗？", "AI：我好!"],
    ["再见", "AI：再见"],
  ]) {
    chatting.stdin.write(`${question}\n`);
    await chatting.stdout.line((line) => line === answer);
  }
  chatting.stdin.write("quit\n");
  expect(await chatting.exit).toEqual({ status: 0, signal: null });
});

test("the chat client exits when the server dies, even while its stdin is open", async () => {
  await using server = await serve("chat");
  await using chatting = startClient(["chat", "--addr", server.address]);
  chatting.stdin.write("1\n");
  await chatting.stdout.line((line) => line === "AI：1");
  server.kill("SIGKILL");
  expect(await chatting.exit).toEqual({ status: 1, signal: null });
  expect(chatting.stderr.text).toMatch(/^UNAVAILABLE: .+\n$/);
});

test("the chat client ends at its deadline", async () => {
  await using chatting = startClient(["chat", "--deadline", "500ms", "--addr", addressOf("chat")]);
  expect(await chatting.exit).toEqual({ status: 1, signal: null });
  expect(chatting.stderr.text).toMatch(/^DEADLINE_EXCEEDED: .+\n$/);
});

test("two concurrent chats keep their messages apart", async () => {
  const lines = (who: string) => Array.from({ length: 200 }, (_, n) => `${who} ${n}`);
  const talk = (who: string) => client(["chat", "--addr", addressOf("chat")], lines(who).join("\n"));
  const [a, b] = await Promise.all([talk("a"), talk("b")]);
  expect([a.stdout, b.stdout]).toEqual([
    lines("a")
      .map((line) => `AI：${line}\n`)
      .join(""),
    lines("b")
      .map((line) => `AI：${line}\n`)
      .join(""),
  ]);
});
