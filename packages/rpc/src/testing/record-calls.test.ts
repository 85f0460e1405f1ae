import { describe, expect, test } from "vitest";
import { everyWay, kinds, startBy, type TestHandlers, TestService } from "../../test/harness.ts";
import { Code, RpcError } from "../index.ts";
import { mockClient } from "./mock-client.ts";
import { recordCalls } from "./record-calls.ts";

const fails = (text: string) => {
  if (text === "fail") throw new RpcError(Code.ABORTED, "no");
};

const handlers: TestHandlers = {
  unary({ text }) {
    fails(text);
    return { text: `re ${text}` };
  },
  *serverStream({ text }) {
    yield { text: `re ${text}` };
    fails(text);
    yield { text: "end" };
  },
  async clientStream(requests) {
    const texts = (await Array.fromAsync(requests)).map(({ text }) => text);
    fails(texts[0] ?? "");
    return { text: `re ${texts.join()}` };
  },
  async *bidiStream(requests) {
    for await (const { text } of requests) {
      yield { text: `re ${text}` };
      fails(text);
    }
  },
};

describe.each(everyWay.flatMap((way) => (["server", "client"] as const).map((side) => ({ ...way, side }))))(
  "$kind over $transport, on the $side",
  ({ transport, kind, side }) => {
    async function begin() {
      const calls = recordCalls();
      const interceptors = [calls];
      const { client } = await startBy(
        transport,
        handlers,
        side === "server" ? { interceptors } : {},
        {},
        side === "client" ? { interceptors } : {},
      );
      return { calls, client };
    }

    test("requests, responses, metadata and status", async () => {
      const { calls, client } = await begin();
      const responses = await kinds[kind](client, "a", { metadata: { "x-id": "7" }, timeoutMs: 60_000 });
      const [call, ...more] = calls.of(TestService.method[kind]);
      expect(more).toEqual([]);
      expect(await call?.ended).toBe(Code.OK);
      expect(call).toMatchObject({ method: TestService.method[kind], code: Code.OK, error: undefined });
      expect(call?.requests.map(({ text }) => text)).toEqual(["a"]);
      expect(call?.responses.map(({ text }) => text)).toEqual(responses.map(({ text }) => text));
      expect(call?.responses).not.toEqual([]);
      expect(call?.metadata.get("x-id")).toBe("7");
      expect(call?.deadline).toBeInstanceOf(Date);
    });

    test("a failure", async () => {
      const { calls, client } = await begin();
      await expect(kinds[kind](client, "fail")).rejects.toMatchObject({ code: Code.ABORTED });
      const call = calls.of(TestService.method[kind])[0];
      expect(await call?.ended).toBe(Code.ABORTED);
      expect(call?.error).toMatchObject({ code: Code.ABORTED, message: "no" });
      expect(call?.requests.map(({ text }) => text)).toEqual(["fail"]);
      expect(call?.responses).toHaveLength(kind === "serverStream" || kind === "bidiStream" ? 1 : 0);
    });
  },
);

test("a cancelled stream ends for the server's recorder as well", async () => {
  const calls = recordCalls();
  const client = mockClient(
    TestService,
    {
      async *bidiStream(requests) {
        for await (const { text } of requests) yield { text };
      },
    },
    { server: { interceptors: [calls] } },
  );
  const call = client.bidiStream();
  await call.send({ text: "a" });
  await call.recv();
  expect(calls.all[0]).toMatchObject({ code: undefined, error: undefined });
  call.cancel();
  expect(await calls.all[0]?.ended).toBe(Code.CANCELLED);
});

test("the record keeps copies", async () => {
  const calls = recordCalls();
  const client = mockClient(
    TestService,
    {
      unary(request, { metadata }) {
        request.text = "changed";
        metadata.set("x-id", "changed");
        return { text: "response" };
      },
    },
    { server: { interceptors: [calls] } },
  );
  const response = await client.unary({ text: "a" }, { metadata: { "x-id": "7" } });
  response.text = "changed";
  expect(calls.of(TestService.method.unary)[0]).toMatchObject({ requests: [{ text: "a" }], responses: [{ text: "response" }] });
  expect(calls.all[0]?.metadata.get("x-id")).toBe("7");
});

test("calls are in their order, by method, and can be forgotten", async () => {
  const calls = recordCalls();
  const client = mockClient(TestService, handlers, { interceptors: [calls] });
  await client.unary({ text: "1" });
  await Array.fromAsync(client.serverStream({ text: "2" }));
  await client.unary({ text: "3" });
  expect(calls.all.map(({ method }) => method.localName)).toEqual(["unary", "serverStream", "unary"]);
  expect(calls.of(TestService.method.unary).map(({ requests }) => requests[0]?.text)).toEqual(["1", "3"]);
  calls.clear();
  expect(calls.all).toEqual([]);
  await client.unary({ text: "4" });
  expect(calls.all).toHaveLength(1);
});

test("a request that the call's error keeps from arriving leaves no unhandled rejection", async () => {
  const calls = recordCalls();
  const client = mockClient(TestService, handlers, {
    interceptors: [calls],
    server: {
      interceptors: [
        () => {
          throw new RpcError(Code.UNAUTHENTICATED, "who");
        },
      ],
    },
  });
  await expect(client.unary({})).rejects.toMatchObject({ code: Code.UNAUTHENTICATED });
  expect(calls.all[0]?.code).toBe(Code.UNAUTHENTICATED);
});
