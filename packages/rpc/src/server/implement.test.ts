import { expect, test } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, TestService, transports } from "../../test/harness.ts";
import { Code, implement, type Metadata } from "../index.ts";

const echo = {
  unary: ({ text }: { text: string }) => ({ text }),
  *serverStream({ text }: { text: string }) {
    yield { text: `${text}1` };
    yield { text: `${text}2` };
  },
  async clientStream(requests: AsyncIterable<{ text: string }>) {
    let text = "";
    for await (const request of requests) text += request.text;
    return { text };
  },
  async *bidiStream(requests: AsyncIterable<{ text: string }>) {
    for await (const { text } of requests) yield { text };
  },
};

test.each(transports)("%s: all four kinds work", async (transport) => {
  const { client } = await startBy(transport, echo);
  expect((await client.unary({ text: "a" })).text).toBe("a");
  expect((await Array.fromAsync(client.serverStream({ text: "a" }))).map(({ text }) => text)).toEqual(["a1", "a2"]);
  expect((await client.clientStream([{ text: "a" }, { text: "b" }])).text).toBe("ab");
  expect((await Array.fromAsync(client.bidiStream([{ text: "a" }, { text: "b" }]))).map(({ text }) => text)).toEqual(["a", "b"]);
});

test.each(everyWay)(
  "$transport: a missing $kind handler ends the call with UNIMPLEMENTED and names the method",
  async ({ transport, kind }) => {
    const { client } = await startBy(transport, {});
    const error = await failureOf(kinds[kind](client, "x"));
    expect(error).toMatchObject({ code: Code.UNIMPLEMENTED });
    expect((error as Error).message).toMatch(/^\/test\.v1\.TestService\/\w+ is not implemented$/);
  },
);

test.each(transports)("%s: handlers may be methods of an object with state", async (transport) => {
  class Counter {
    #count = 0;
    unary() {
      this.#count += 1;
      return { count: this.#count };
    }
  }
  const { client } = await startBy(transport, new Counter());
  await client.unary({});
  expect((await client.unary({})).count).toBe(2);
});

test("a handler for an unknown method throws at once", () => {
  const handlers: object = { nosuch: () => ({}) };
  expect(() => implement(TestService, handlers)).toThrow('test.v1.TestService has no method "nosuch"');
});

test.each(transports)("%s: bytes arrive as plain Uint8Arrays on both sides", async (transport) => {
  let type: unknown;
  const { client } = await startBy(transport, {
    unary: ({ data }) => {
      type = data.constructor;
      return { data };
    },
  });
  const { data } = await client.unary({ data: new Uint8Array([1, 2, 3]) });
  expect(type).toBe(Uint8Array);
  expect(data.constructor).toBe(Uint8Array);
  expect(data).toEqual(new Uint8Array([1, 2, 3]));
});

test.each(everyWay)("$transport, $kind: header and trailer reach the client", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind((context) => {
      context.header.set("x-header", "h");
      context.trailer.set("x-trailer", "t");
      return "";
    }),
  );
  let header: unknown;
  let trailer: unknown;
  await kinds[kind](client, "", {
    onHeader: (metadata: Metadata) => (header = metadata.get("x-header")),
    onTrailer: (metadata: Metadata) => (trailer = metadata.get("x-trailer")),
  });
  expect(header).toBe("h");
  expect(trailer).toBe("t");
});

test.each(transports)("%s: the header can be sent before the first response", async (transport) => {
  const { client } = await startBy(transport, {
    async *serverStream(_request, context) {
      context.header.set("x-early", "1");
      context.sendHeader();
      await new Promise((_, reject) => context.signal.addEventListener("abort", () => reject(context.signal.reason)));
      yield {};
    },
  });
  using call = client.serverStream({});
  expect((await call.header()).get("x-early")).toBe("1");
});

test.each(everyWay)("$transport, $kind: the handler sees metadata, deadline, peer and method", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind(({ metadata, deadline, peer, method }) =>
      [
        metadata.get("x-name"),
        deadline && deadline.getTime() > Date.now(),
        /^(127\.0\.0\.1:\d+|in-process)$/.test(peer),
        method.parent.typeName,
      ].join(),
    ),
  );
  const [response] = await kinds[kind](client, "", { metadata: { "x-name": "n" }, timeoutMs: 10_000 });
  expect(response?.text).toBe("n,true,true,test.v1.TestService");
});

test.each(transports)("%s: a streaming handler may stop reading requests and still respond", async (transport) => {
  const { client } = await startBy(transport, {
    async *bidiStream(requests) {
      for await (const { text } of requests) {
        yield { text };
        return;
      }
    },
    async clientStream(requests) {
      for await (const { text } of requests) return { text };
      return {};
    },
  });
  expect(await Array.fromAsync(client.bidiStream([{ text: "a" }, { text: "b" }]))).toMatchObject([{ text: "a" }]);
  expect(await client.clientStream([{ text: "a" }, { text: "b" }])).toMatchObject({ text: "a" });
});
