import { Greeter } from "@grpc-study/proto/chat";
import { createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { serveServices } from "../../test/serve-services.ts";
import { greeter, magic } from "./greeter.ts";

test("each request is answered before the next one is sent, and half-close ends the stream", async () => {
  const chat = createClient(Greeter, await serveServices(greeter())).bidiHello();
  for (const [said, answered] of [
    ["1", "1"],
    ["我是谁？", "我是谁!"],
    ["你好么？", "我好么!"],
    ["你好", "我好"],
  ] as const) {
    await chat.send({ name: said });
    expect((await chat.recv())?.reply).toBe(answered);
  }
  chat.closeSend();
  expect(await chat.recv()).toBeUndefined();
});

test("吗 and 吧 are removed, 你 becomes 我, and question marks of both widths become !", () => {
  expect(magic("你吃吧你吃吗吗？好吧?")).toBe("我吃我吃!好!");
  expect(magic("")).toBe("");
});
