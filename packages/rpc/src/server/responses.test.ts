import { expect, test } from "vitest";
import { failureOf, startBy, transports } from "../../test/harness.ts";
import { Code, RpcError } from "../index.ts";

const counts = (responses: readonly { readonly count: number }[]) => responses.map(({ count }) => count);

test.each(transports.flatMap((transport) => ["a generator", "an async generator"].map((kind) => ({ transport, kind }))))(
  "$transport: responses that $kind yields at once arrive complete and in order",
  async ({ transport, kind }) => {
    const all = Array.from({ length: 5000 }, (_, count) => ({ count, text: "x".repeat(count % 50) }));
    const { client } = await startBy(transport, {
      serverStream: () =>
        kind === "a generator"
          ? all
          : (async function* () {
              yield* all;
            })(),
    });
    const got = await Array.fromAsync(client.serverStream({}));
    expect(got.map(({ count, text }) => ({ count, text }))).toEqual(all);
  },
);

test.each(transports)("%s: yielded responses arrive before a later error or wait of the handler", async (transport) => {
  const { promise, resolve: go } = Promise.withResolvers<void>();
  const { client } = await startBy(transport, {
    async *serverStream({ text }) {
      yield { count: 1 };
      yield { count: 2 };
      if (text === "wait") await promise;
      yield { count: 3 };
      throw new RpcError(Code.ABORTED, "no more");
    },
  });
  const waiting = client.serverStream({ text: "wait" });
  expect(counts([await waiting.next(), await waiting.next()].map(({ value }) => ({ count: value?.count ?? 0 })))).toEqual([1, 2]);
  go();
  expect((await waiting.recv())?.count).toBe(3);
  expect(await failureOf(waiting.recv())).toMatchObject({ code: Code.ABORTED });
});

test.each(transports)("%s: a response that cannot be serialized does not affect those before it", async (transport) => {
  const { client } = await startBy(transport, {
    *serverStream() {
      yield { count: 1 };
      yield { count: 1.5 };
    },
  });
  const responses = client.serverStream({});
  expect((await responses.recv())?.count).toBe(1);
  expect(await failureOf(responses.recv())).toMatchObject({ code: Code.INTERNAL });
});
