import { setTimeout } from "node:timers/promises";
import { Greeter } from "@grpc-study/proto/chat";
import { Code, implement, RpcError } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { serve, start } from "../../test/io.ts";

/** Echoes each request. */
const echo = implement(Greeter, {
  async *bidiHello(requests) {
    for await (const { name } of requests) yield { reply: name };
  },
});

test("lines are trimmed, blank lines are skipped, and replies are printed", async () => {
  const { address } = await serve(echo);
  const { stdin, ended } = start("chat", "--addr", address);
  stdin.end("1\n\n  你好 \r\n   \nlast, without an end of line");
  expect(await ended).toEqual({ status: 0, stdout: "AI：1\nAI：你好\nAI：last, without an end of line\n", stderr: "" });
});

test.each(["quit", "QUIT", " Quit "])("'%s' ends the chat while the input stays open", async (quit) => {
  const { address } = await serve(echo);
  const { stdin, ended } = start("chat", "--addr", address);
  stdin.write(`1\n${quit}\n2\n`);
  expect(await ended).toEqual({ status: 0, stdout: "AI：1\n", stderr: "" });
});

test("replies that arrive after the end of input are printed before the chat ends", async () => {
  const { address } = await serve(
    implement(Greeter, {
      async *bidiHello(requests) {
        const names = await Array.fromAsync(requests, ({ name }) => name);
        for (const reply of names) {
          await setTimeout(20);
          yield { reply };
        }
      },
    }),
  );
  const { stdin, ended } = start("chat", "--addr", address);
  stdin.end("1\n2\n3\n");
  expect(await ended).toEqual({ status: 0, stdout: "AI：1\nAI：2\nAI：3\n", stderr: "" });
});

test("the replies to 1,000 lines at once arrive in order", async () => {
  const { address } = await serve(echo);
  const { stdin, ended } = start("chat", "--addr", address);
  const lines = Array.from({ length: 1000 }, (_, n) => `${n}\n`);
  stdin.end(lines.join(""));
  expect((await ended).stdout).toBe(lines.map((line) => `AI：${line}`).join(""));
});

test("--json prints messages", async () => {
  const { address } = await serve(echo);
  const { stdin, ended } = start("chat", "--json", "--addr", address);
  stdin.end("你好\n");
  expect((await ended).stdout).toBe('{"reply":"你好"}\n');
});

test("a server that disconnects ends the chat with one line, while the input stays open", async () => {
  const server = await serve(echo);
  const { stdin, stdout, ended } = start("chat", "--addr", server.address);
  const answered = new Promise((resolve) => stdout.once("data", resolve));
  stdin.write("1\n");
  await answered;
  await server.stop();
  const { status, stderr } = await ended;
  expect(status).toBe(1);
  expect(stderr).toMatch(/^UNAVAILABLE: .+\n$/);
});

test("a refused connection ends the chat with one line, while the input stays open", async () => {
  const server = await serve(echo);
  await server.stop();
  const { ended } = start("chat", "--addr", server.address);
  const { status, stderr } = await ended;
  expect(status).toBe(1);
  expect(stderr).toMatch(/^UNAVAILABLE: .+\n$/);
});

test("a server that ends the stream with OK ends the chat, while the input stays open", async () => {
  const { address } = await serve(implement(Greeter, { bidiHello: () => [{ reply: "bye" }] }));
  expect(await start("chat", "--addr", address).ended).toEqual({ status: 0, stdout: "AI：bye\n", stderr: "" });
});

test("--deadline ends the chat", async () => {
  const { address } = await serve(echo);
  const { status, stderr } = await start("chat", "--addr", address, "--deadline", "100ms").ended;
  expect(status).toBe(1);
  expect(stderr).toBe("DEADLINE_EXCEEDED: the chat reached its deadline of 0.1 s; --deadline 10m sets a longer one\n");
});

test("Ctrl-C cancels a chat in a pipe", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  const { address } = await serve(
    implement(Greeter, {
      async *bidiHello(requests, { signal }) {
        signal.addEventListener("abort", () => resolve(signal.reason));
        for await (const { name } of requests) yield { reply: name };
      },
    }),
  );
  const { stdin, stdout, interrupt, ended } = start("chat", "--addr", address);
  stdout.once("data", () => interrupt.raise());
  stdin.write("1\n");
  expect(await ended).toEqual({ status: 130, stdout: "AI：1\n", stderr: "" });
  expect(RpcError.from(await cancelled).code).toBe(Code.CANCELLED);
});
