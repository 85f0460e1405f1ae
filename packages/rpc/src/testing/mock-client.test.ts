import { expect, test, vi } from "vitest";
import { kindNames, kinds, TestService } from "../../test/harness.ts";
import { Code, implement, RpcError } from "../index.ts";
import { Health } from "../services/health/index.ts";
import { mockClient } from "./mock-client.ts";

const handlers = implement(TestService, {
  unary: ({ text }) => ({ text: `unary ${text}` }),
  *serverStream({ text }) {
    yield { text: `stream ${text}` };
    yield { text: "end" };
  },
  async clientStream(requests) {
    return { text: (await Array.fromAsync(requests)).map(({ text }) => text).join() };
  },
  async *bidiStream(requests) {
    for await (const { text } of requests) yield { text: `bidi ${text}` };
  },
});

test.each(kindNames)("%s: calls the handler", async (kind) => {
  const client = mockClient(TestService, handlers);
  const expected = { unary: ["unary x"], serverStream: ["stream x", "end"], clientStream: ["x"], bidiStream: ["bidi x"] };
  expect((await kinds[kind](client, "x")).map(({ text }) => text)).toEqual(expected[kind]);
});

test.each(kindNames)("%s: a method without a handler is UNIMPLEMENTED", async (kind) => {
  await expect(kinds[kind](mockClient(TestService, {}), "x")).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
});

test("messages are encoded and decoded as in life", async () => {
  const seen: unknown[] = [];
  const client = mockClient(TestService, {
    unary(request) {
      seen.push(request.$typeName, request.count);
      return { text: "x" };
    },
  });
  const response = await client.unary({ text: "x" });
  expect(seen).toEqual(["test.v1.Request", 0]);
  expect(response).toMatchObject({ $typeName: "test.v1.Response", count: 0, parts: [] });
  await expect(client.unary({ count: 1.5 })).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT });
  const wrong = vi.spyOn(console, "error").mockReturnValue();
  await expect(mockClient(TestService, { unary: () => ({ count: 2 ** 40 }) }).unary({})).rejects.toMatchObject({ code: Code.INTERNAL });
  expect(wrong).toHaveBeenCalledTimes(1);
  wrong.mockRestore();
});

test("metadata, errors, deadlines and cancellation pass as over a socket", async () => {
  const client = mockClient(TestService, {
    unary({ text }, { metadata, header, trailer, signal }) {
      if (text === "wait") return new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      header.set("x-header", String(metadata.get("x-id")));
      trailer.set("x-trailer", "t");
      throw new RpcError(Code.NOT_FOUND, "nobody", { metadata: { "x-error": "e" } });
    },
  });
  const got: unknown[] = [];
  await expect(
    client.unary({}, { metadata: { "x-id": "7" }, onHeader: (header) => void got.push(header.get("x-header")) }),
  ).rejects.toMatchObject({ code: Code.NOT_FOUND, message: "nobody" });
  expect(got).toEqual(["7"]);
  await expect(client.unary({ text: "wait" }, { timeoutMs: 5 })).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  await expect(client.unary({ text: "wait" }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: Code.CANCELLED });
});

test("options go to the client, and those of `server` to the server", async () => {
  const order: string[] = [];
  const faults: unknown[] = [];
  const fault = new Error("my own");
  const client = mockClient(
    TestService,
    {
      unary() {
        order.push("handler");
        throw fault;
      },
    },
    {
      defaults: { metadata: { "x-id": "7" } },
      interceptors: [
        (_call, next) => {
          order.push("client");
          return next();
        },
      ],
      server: {
        interceptors: [
          (call, next) => {
            order.push(`server ${call.metadata.get("x-id")}`);
            return next();
          },
        ],
        onError: (error) => void faults.push(error),
      },
    },
  );
  await expect(client.unary({})).rejects.toMatchObject({ code: Code.INTERNAL });
  expect(order).toEqual(["client", "server 7", "handler"]);
  expect(faults).toEqual([fault]);
});

test("what implement() returns keeps its own options", async () => {
  const seen: string[] = [];
  const implementation = implement(
    TestService,
    { unary: () => ({ text: "x" }) },
    {
      interceptors: [
        (call, next) => {
          seen.push(call.method.name);
          return next();
        },
      ],
    },
  );
  await mockClient(TestService, implementation).unary({});
  expect(seen).toEqual(["Unary"]);
});

test("an implementation of another service is refused", () => {
  expect(() => mockClient(Health, handlers)).toThrow(
    "the implementation of mockClient() must be of grpc.health.v1.Health, got one of 'test.v1.TestService'",
  );
});

test("the health service can be mocked", async () => {
  const client = mockClient(Health, { check: () => ({ status: 1 }) });
  expect(await client.check({})).toMatchObject({ status: 1 });
});

test("wrong options are named", () => {
  expect(() => mockClient(TestService, {}, { tls: true } as never)).toThrow('mockClient() has no option "tls"');
  expect(() => mockClient(TestService, {}, { server: { tls: true } } as never)).toThrow('createServer() has no option "tls"');
  expect(() => mockClient(TestService, {}, { server: 5 } as never)).toThrow("server must be an object, got 5");
  expect(() => mockClient(TestService, { nope: () => ({}) } as never)).toThrow('test.v1.TestService has no method "nope"');
});
