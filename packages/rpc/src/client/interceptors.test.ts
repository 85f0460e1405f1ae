import { expect, test } from "vitest";
import { connect, everyKind, everyWay, failureOf, kindNames, kinds, start, startBy, TestService, until } from "../../test/harness.ts";
import { textOf, watchClient } from "../../test/watch.ts";
import { type ClientInterceptor, Code, ContextValues, createContextKey, forClientMethod, Metadata, RpcError } from "../index.ts";

const note =
  (log: string[], name: string): ClientInterceptor =>
  (call, next) => {
    log.push(`${name} in`);
    call.onEnd((error) => void log.push(`${name} ${error === undefined ? "OK" : Code[RpcError.from(error).code]}`));
    return next();
  };

const hang = everyKind(() => new Promise<never>(() => {}));

test.each(kindNames)("%s: interceptors run in order, the first outermost, and see how the call ends", async (kind) => {
  const log: string[] = [];
  const { address } = await start(everyKind(() => "hi"));
  const client = connect(address, { interceptors: [note(log, "a"), note(log, "b")] });
  expect(await kinds[kind](client, "")).toMatchObject([{ text: "hi" }]);
  expect(log).toEqual(["a in", "b in", "a OK", "b OK"]);
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
      return await next();
    } catch (cause) {
      throw new RpcError(Code.FAILED_PRECONDITION, "translated", { cause });
    }
  };
  const client = connect(address, { interceptors: [translate, note(log, "a")] });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.FAILED_PRECONDITION, message: "translated" });
  expect(log).toEqual(["a in", "a FAILED_PRECONDITION"]);
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
      (call, next) => {
        call.metadata.set("x-a", "!");
        return next();
      },
      watchClient(
        (request) => {
          if (textOf(request) === "bad") throw new RpcError(Code.INVALID_ARGUMENT, "bad text");
          seen.push(textOf(request));
        },
        (response) => void seen.push(textOf(response)),
      ),
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
        return next();
      },
    ],
    defaults: { metadata: { "x-a": "1" } },
  });
  const metadata = new Metadata();
  await client.unary({}, { metadata });
  expect(metadata.size).toBe(0);
});

/** Tries again as long as the call fails with UNAVAILABLE. */
const retry: ClientInterceptor = async (call, next) => {
  for (let attempt = 1; ; attempt++) {
    call.metadata.set("x-attempt", String(attempt));
    try {
      return await next();
    } catch (error) {
      if (RpcError.from(error).code !== Code.UNAVAILABLE || attempt === 3) throw error;
    }
  }
};

test.each(everyWay)("$transport, $kind: a retry calls next() again; requests in a stream can be read once", async ({ transport, kind }) => {
  const attempts: unknown[] = [];
  const flaky = everyKind(({ metadata, header, trailer }) => {
    const attempt = metadata.get("x-attempt");
    attempts.push(attempt);
    if (attempt !== "3") throw new RpcError(Code.UNAVAILABLE, "not yet");
    header.set("x-header", "3");
    trailer.set("x-trailer", "3");
    return "at last";
  });
  const { client } = await startBy(transport, flaky, {}, {}, { interceptors: [retry] });
  if (kind === "unary" || kind === "serverStream") {
    const seen: unknown[] = [];
    const onHeader = (header: Metadata) => void seen.push(header.get("x-header"));
    const onTrailer = (trailer: Metadata) => void seen.push(trailer.get("x-trailer"));
    expect(await kinds[kind](client, "", { onHeader, onTrailer })).toMatchObject([{ text: "at last" }]);
    expect(seen.at(-1)).toBe("3");
    expect(attempts).toEqual(["1", "2", "3"]);
  } else {
    const message = expect.stringMatching(/have been read already/);
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message });
    expect(attempts).toEqual(["1"]);
  }
});

test("each attempt of a retry has its own credentials, once", async () => {
  const seen: (readonly string[])[] = [];
  const { address } = await start(
    everyKind(({ metadata }) => {
      seen.push([...metadata.getAll("authorization"), ...metadata.getAll("x-token")]);
      if (seen.length < 3) throw new RpcError(Code.UNAVAILABLE, "not yet");
      return "at last";
    }),
  );
  let count = 0;
  const getRequestMetadata = async () => ({ authorization: `Bearer ${++count}`, "x-token": `${count}` });
  const perRpcCredentials = { getRequestMetadata, requireTransportSecurity: false };
  const client = connect(address, { interceptors: [retry], perRpcCredentials });
  expect(await kinds.unary(client, "")).toMatchObject([{ text: "at last" }]);
  expect(seen).toEqual([
    ["Bearer 1", "1"],
    ["Bearer 2", "2"],
    ["Bearer 3", "3"],
  ]);
});

test("next() of a client is a promise, whatever the inner interceptor is", async () => {
  const { address } = await start(everyKind(() => "hi"));
  const caught: unknown[] = [];
  const outer: ClientInterceptor = (_call, next) =>
    next().catch((error: unknown) => {
      caught.push(error);
      throw error;
    });
  const answers = connect(address, { interceptors: [outer, () => ({ message: { text: "inner" } })] });
  expect(await kinds.unary(answers, "")).toMatchObject([{ text: "inner" }]);
  const fault = new RpcError(Code.ABORTED, "at once");
  const throws = connect(address, {
    interceptors: [
      outer,
      () => {
        throw fault;
      },
    ],
  });
  expect(await failureOf(kinds.unary(throws, ""))).toMatchObject({ code: Code.ABORTED });
  expect(caught).toEqual([fault]);
});

test.each(everyWay)("$transport, $kind: an interceptor may answer without sending the call", async ({ transport, kind }) => {
  let handled = 0;
  const single = kind === "unary" || kind === "clientStream";
  const { client } = await startBy(
    transport,
    everyKind(() => String(++handled)),
    {},
    {},
    {
      interceptors: [() => (single ? { message: { text: "cached" } } : { messages: [{ text: "cached" }, { text: "too" }] })],
    },
  );
  expect(await kinds[kind](client, "")).toMatchObject(single ? [{ text: "cached" }] : [{ text: "cached" }, { text: "too" }]);
  expect(handled).toBe(0);
});

test.each(everyWay)(
  "$transport, $kind: interceptors of a call run inside those of its client, and get its values",
  async ({ transport, kind }) => {
    const key = createContextKey<string>("key");
    const log: string[] = [];
    const { client } = await startBy(
      transport,
      everyKind(() => "hi"),
      {},
      {},
      { interceptors: [note(log, "client")] },
    );
    const values = new ContextValues().set(key, "given");
    const ofCall: ClientInterceptor = (call, next) => {
      log.push(call.values.require(key));
      call.values.set(key, "changed");
      return next();
    };
    await kinds[kind](client, "", { interceptors: [note(log, "call"), ofCall], values });
    expect(log).toEqual(["client in", "call in", "given", "client OK", "call OK"]);
    expect(values.get(key)).toBe("changed");
  },
);

test.each(everyWay)("$transport, $kind: an interceptor for one method is typed by its messages", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind(() => "hi"),
    {},
    {},
    {
      interceptors: [
        forClientMethod(TestService.method.unary, async (call, next) => {
          const { message } = await next({ request: { text: `${call.request.text}!` } });
          return { message: { text: message.text.toUpperCase() } };
        }),
      ],
    },
  );
  expect(await kinds[kind](client, "")).toMatchObject([{ text: kind === "unary" ? "HI" : "hi" }]);
});

test.each(everyWay)(
  "$transport, $kind: a cancel ends a call behind a wrapped stream once, and the generators end",
  async ({ transport, kind }) => {
    const ends: unknown[] = [];
    let closed = 0;
    const wrap: ClientInterceptor = async (call, next) => {
      call.onEnd((error) => ends.push(error));
      try {
        const response = await next();
        if (response.messages === undefined) return response;
        const { messages } = response;
        async function* wrapped() {
          try {
            yield* messages;
          } finally {
            closed++;
          }
        }
        return { messages: wrapped() };
      } catch (error) {
        closed++;
        throw error;
      }
    };
    const { client } = await startBy(transport, hang, {}, {}, { interceptors: [wrap, watchClient(() => {})] });
    const controller = new AbortController();
    const failure = failureOf(kinds[kind](client, "", { signal: controller.signal }));
    setTimeout(() => controller.abort(), 30);
    expect(await failure).toMatchObject({ code: Code.CANCELLED });
    await until(() => closed === 1);
    expect(ends).toEqual([await failure]);
  },
);

test("a conversation passes through wrapped streams", async () => {
  const { address } = await start({
    async *bidiStream(requests) {
      for await (const { text } of requests) yield { text: `${text}!` };
    },
    clientStream: async (requests) => ({ text: (await Array.fromAsync(requests)).map(({ text }) => text).join() }),
  });
  const client = connect(address, { interceptors: [watchClient(() => {}), watchClient(() => {})] });
  const call = client.bidiStream();
  for (const text of ["a", "b"]) {
    expect(await call.send({ text })).toBe(true);
    expect(await call.recv()).toMatchObject({ text: `${text}!` });
  }
  call.closeSend();
  expect(await call.recv()).toBeUndefined();
  const upload = client.clientStream();
  void upload.send({ text: "a" });
  void upload.send({ text: "b" });
  expect(await upload.closeAndRecv()).toMatchObject({ text: "a,b" });
});

test.each(everyWay)("$transport, $kind: what an interceptor does after next() comes before the caller", async ({ transport, kind }) => {
  const order: string[] = [];
  const observe: ClientInterceptor = (call, next) => {
    call.onEnd((error) => order.push(error === undefined ? "end" : `end ${(error as RpcError).code}`));
    const response = next();
    response.then(
      () => order.push("response"),
      () => order.push("failure"),
    );
    return response;
  };
  const handlers = everyKind((context) => {
    if (context.metadata.has("fail")) throw new RpcError(Code.ABORTED, "no");
    return "answer";
  });
  const { client } = await startBy(transport, handlers, {}, {}, { interceptors: [observe] });
  await kinds[kind](client, "").then(() => order.push("caller"));
  expect(order.toSorted()).toEqual(["caller", "end", "response"]);
  expect(order.at(-1)).toBe("caller");
  order.length = 0;
  await kinds[kind](client, "", { metadata: { fail: "1" } }).catch(() => order.push("caller"));
  expect(order.at(-1)).toBe("caller");
  expect(order).toContain(`end ${Code.ABORTED}`);
});
