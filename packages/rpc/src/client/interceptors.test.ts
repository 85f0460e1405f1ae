import { expect, test } from "vitest";
import { connect, everyKind, failureOf, kindNames, kinds, start, until } from "../../test/harness.ts";
import { type ClientInterceptor, Code, Metadata, RpcError } from "../index.ts";

const note =
  (log: string[], name: string): ClientInterceptor =>
  async (_call, next) => {
    log.push(`${name} in`);
    try {
      await next();
      log.push(`${name} OK`);
    } catch (error) {
      log.push(`${name} ${Code[RpcError.from(error).code]}`);
      throw error;
    }
  };

const hang = everyKind(() => new Promise<never>(() => {}));

test.each(kindNames)("%s: interceptors run in order, the first outermost, and see how the call ends", async (kind) => {
  const log: string[] = [];
  const { address } = await start(everyKind(() => "hi"));
  const client = connect(address, { interceptors: [note(log, "a"), note(log, "b")] });
  expect(await kinds[kind](client, "")).toMatchObject([{ text: "hi" }]);
  expect(log).toEqual(["a in", "b in", "b OK", "a OK"]);
});

test.each(kindNames)("%s: interceptors see a failure and can replace the error", async (kind) => {
  const log: string[] = [];
  const { address } = await start(
    everyKind(() => {
      throw new RpcError(Code.NOT_FOUND, "gone");
    }),
  );
  const translate: ClientInterceptor = async (_call, next) => {
    try {
      await next();
    } catch (cause) {
      throw new RpcError(Code.FAILED_PRECONDITION, "translated", { cause });
    }
  };
  const client = connect(address, { interceptors: [translate, note(log, "a")] });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.FAILED_PRECONDITION, message: "translated" });
  expect(log).toEqual(["a in", "a NOT_FOUND"]);
});

test.each(kindNames)("%s: a call whose interceptor throws is not sent", async (kind) => {
  let handled = false;
  const { address } = await start(
    everyKind(() => {
      handled = true;
      return "";
    }),
  );
  const client = connect(address, {
    interceptors: [
      async () => {
        throw new RpcError(Code.PERMISSION_DENIED, "not even asked");
      },
    ],
  });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.PERMISSION_DENIED });
  expect(handled).toBe(false);
});

test.each(kindNames)("%s: interceptors see and can reject messages, and can add metadata", async (kind) => {
  const seen: unknown[] = [];
  const { address } = await start({
    unary: ({ text }, { metadata }) => ({ text: text + metadata.get("x-a") }),
    serverStream: ({ text }, { metadata }) => [{ text: text + metadata.get("x-a") }],
    clientStream: async (requests, { metadata }) => ({ text: (await Array.fromAsync(requests))[0]?.text + String(metadata.get("x-a")) }),
    async *bidiStream(requests, { metadata }) {
      for await (const { text } of requests) yield { text: text + metadata.get("x-a") };
    },
  });
  const client = connect(address, {
    interceptors: [
      async (call, next) => {
        call.metadata.set("x-a", "!");
        call.onRequest((request) => {
          const { text } = request as { text: string };
          if (text === "bad") throw new RpcError(Code.INVALID_ARGUMENT, "bad text");
          seen.push(text);
        });
        call.onResponse((response) => seen.push((response as unknown as { text: string }).text));
        await next();
      },
    ],
  });
  expect(await kinds[kind](client, "good")).toMatchObject([{ text: "good!" }]);
  expect(seen).toEqual(["good", "good!"]);
  expect(await failureOf(kinds[kind](client, "bad"))).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "bad text" });
});

test.each(kindNames)("%s: a cancel or a deadline ends a call whose interceptor is still waiting", async (kind) => {
  const { address } = await start(hang);
  const signals: AbortSignal[] = [];
  const client = connect(address, {
    interceptors: [
      (call) => {
        signals.push(call.signal);
        return new Promise(() => {});
      },
    ],
  });
  expect(await failureOf(kinds[kind](client, "", { timeoutMs: 40 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  expect(await failureOf(kinds[kind](client, "", { signal: controller.signal }))).toMatchObject({ code: Code.CANCELLED });
  await until(() => signals.length === 2 && signals.every(({ aborted }) => aborted));
});

test("the metadata object of the caller stays unchanged", async () => {
  const { address } = await start({ unary: () => ({}) });
  const client = connect(address, {
    interceptors: [
      async (call, next) => {
        call.metadata.set("x-added", "1");
        await next();
      },
    ],
    defaults: { metadata: { "x-a": "1" } },
  });
  const metadata = new Metadata();
  await client.unary({}, { metadata });
  expect(metadata.size).toBe(0);
});
