// The services and limits of a server.
import { expect, test } from "vitest";
import { failureOf, startBy, TestService, transports } from "../../test/harness.ts";
import { Code, createServer, implement } from "../index.ts";

test("adding a service twice throws", async () => {
  const server = createServer();
  server.add(implement(TestService, {}));
  expect(() => server.add(implement(TestService, {}))).toThrow("/test.v1.TestService/");
});

test.each(transports)("%s: a message over the default limit is RESOURCE_EXHAUSTED, in both directions", async (transport) => {
  const { client } = await startBy(transport, { unary: ({ count }) => ({ data: new Uint8Array(count) }) });
  const size = 4 * 2 ** 20 + 1;
  expect(await failureOf(client.unary({ data: new Uint8Array(size) }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  expect(await failureOf(client.unary({ count: size }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});

test.each(transports)("%s: the limits of a server override the defaults", async (transport) => {
  const limits = { maxReceiveMessageBytes: 1_000, maxSendMessageBytes: 2_000 };
  const { client } = await startBy(transport, { unary: ({ count }) => ({ data: new Uint8Array(count) }) }, { limits });
  expect((await client.unary({ data: new Uint8Array(900), count: 1_900 })).data.length).toBe(1_900);
  expect(await failureOf(client.unary({ data: new Uint8Array(1_100) }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  expect(await failureOf(client.unary({ count: 2_100 }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});
