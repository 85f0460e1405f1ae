import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Code } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { readBody } from "./body.ts";

const limits = { bodyLimit: 8, bodyTimeoutMs: 10_000 };

/** Sends the parts of a request with pauses in between. Returns the request and what reading its body gives. */
async function request(...parts: readonly string[]): Promise<{ request: IncomingMessage; body: Promise<Buffer> }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  const arrived = new Promise<{ request: IncomingMessage; body: Promise<Buffer> }>((resolve) => {
    server.on("request", (request) => {
      const body = readBody(request, limits);
      body.catch(() => {});
      resolve({ request, body });
    });
  });
  for (const part of parts) {
    socket.write(part);
    await delay(20);
  }
  return arrived;
}

const head = "POST / HTTP/1.1\r\nhost: localhost\r\n";
const chunked = `${head}transfer-encoding: chunked\r\n\r\n`;

test.each([
  ["with its head", [`${head}content-length: 5\r\n\r\nhello`]],
  ["in chunks with its head", [`${chunked}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`]],
  ["after its head", [`${head}content-length: 5\r\n\r\n`, "hello"]],
  ["in parts", [`${head}content-length: 5\r\n\r\nhe`, "ll", "o"]],
])("reads a body that arrives %s, and leaves no listeners that would keep it alive", async (_, parts) => {
  const { request: message, body } = await request(...parts);
  expect((await body).toString()).toBe("hello");
  expect(message.listenerCount("data")).toBe(0);
  expect(message.listenerCount("end")).toBe(0);
  expect(message.listenerCount("close")).toBe(0);
});

test("an empty body that arrives with its head is empty", async () => {
  const { body } = await request(`${chunked}0\r\n\r\n`);
  expect((await body).length).toBe(0);
});

test.each([
  ["with its head", [`${chunked}5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`]],
  ["in parts", [`${chunked}5\r\nhello\r\n`, "5\r\nworld\r\n0\r\n\r\n"]],
])("a body above the limit that arrives %s fails, and is discarded", async (_, parts) => {
  const { request: message, body } = await request(...parts);
  await expect(body).rejects.toMatchObject({ status: 413, code: Code.RESOURCE_EXHAUSTED });
  if (!message.readableEnded) await once(message, "end");
  expect(message.listenerCount("data")).toBe(0);
});

test("a body whose client goes away is cut off", async () => {
  const { request: message, body } = await request(`${head}content-length: 5\r\n\r\nhe`);
  message.socket.destroy();
  await expect(body).rejects.toMatchObject({ status: 400, code: Code.CANCELLED });
});
