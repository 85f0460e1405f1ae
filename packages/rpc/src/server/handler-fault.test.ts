// A handler that returns or yields a value that is not a message: the caller and the server get an
// error, never an empty message.
import { expect, test } from "vitest";
import { everyWay, failureOf, kinds, startBy, type TestHandlers, transports } from "../../test/harness.ts";
import { Code } from "../index.ts";

const notMessages: readonly (readonly [value: unknown, kind: string])[] = [
  [undefined, "undefined"],
  [null, "null"],
  ["text", "a string"],
  [5, "a number"],
  [false, "a boolean"],
  [() => ({}), "a function"],
  [[{ text: "x" }], "an array"],
  [new Map([["text", "x"]]), "an iterable"],
  [new Error("a secret"), "an object of Error"],
];

/** Handlers that respond with the same value. */
function answering(answer: () => unknown): TestHandlers {
  return {
    unary: async () => answer(),
    clientStream: () => answer(),
    async *serverStream() {
      yield answer();
    },
    *bidiStream() {
      yield answer();
    },
  } as unknown as TestHandlers;
}

test.each(everyWay)(
  "$transport, $kind: ends with INTERNAL, and the message names the method but not the value",
  async ({ transport, kind }) => {
    const reported: unknown[] = [];
    let value: unknown;
    const { client } = await startBy(
      transport,
      answering(() => value),
      { onError: (error) => reported.push(error) },
    );
    const how = kind === "unary" || kind === "clientStream" ? "returned" : "yielded";
    const method = `/test.v1.TestService/${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    for (const [each, what] of notMessages) {
      value = each;
      const message = `the handler of ${method} ${how} ${what}: a response is a message, or an object with its fields`;
      expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message });
      expect(reported.splice(0)).toEqual([expect.objectContaining({ message })]);
    }
    value = {};
    expect(await kinds[kind](client, "")).toMatchObject([{ text: "" }]);
  },
);

test.each(transports)("%s: rejects unawaited promises that a handler yields, and results that are not iterable", async (transport) => {
  let answer: unknown;
  const { client } = await startBy(transport, { serverStream: () => answer } as unknown as TestHandlers, { onError() {} });
  const path = "the handler of /test.v1.TestService/ServerStream";
  answer = [Promise.resolve({ text: "x" })];
  expect(await failureOf(kinds.serverStream(client, ""))).toMatchObject({
    code: Code.INTERNAL,
    message: `${path} yielded a promise: a response is a message, or an object with its fields`,
  });
  for (const [value, what] of [
    [undefined, "undefined"],
    ["text", "a string"],
    [{ text: "x" }, "an object"],
    [Promise.resolve([]), "a promise"],
  ]) {
    answer = value;
    expect(await failureOf(kinds.serverStream(client, ""))).toMatchObject({
      code: Code.INTERNAL,
      message: `${path} returned ${what}: a streaming handler returns an iterable or async iterable of responses`,
    });
  }
});

test.each(everyWay)(
  "$transport, $kind: a request that is not a message is INVALID_ARGUMENT, and is not sent",
  async ({ transport, kind }) => {
    const { client, channel } = await startBy(transport, {});
    const single = kind === "unary" || kind === "serverStream";
    const call = (request: unknown): Promise<unknown> => {
      const method = client[kind] as (input: unknown) => AsyncIterable<unknown> | Promise<unknown>;
      const response = method(single ? request : [request]);
      return Symbol.asyncIterator in response ? Array.fromAsync(response) : response;
    };
    for (const [request, what] of notMessages) {
      expect(await failureOf(call(request))).toMatchObject({
        code: Code.INVALID_ARGUMENT,
        message: expect.stringMatching(
          new RegExp(`^cannot write test\\.v1\\.\\w+: a message must be an object(?: with fields)?, got ${what}$`),
        ),
      });
    }
    expect(channel.state).not.toBe("failed");
  },
);
