import type { Message } from "@bufbuild/protobuf";
import { expect, test, vi } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, TestService, transports, until } from "../../test/harness.ts";
import { textOf, watchServer } from "../../test/watch.ts";
import { Code, forServerMethod, RpcError, type ServerInterceptor } from "../index.ts";

const note =
  (log: string[], name: string): ServerInterceptor =>
  (call, next) => {
    log.push(`${name} in`);
    call.onEnd((error) => void log.push(`${name} ${Code[error?.code ?? Code.OK]}`));
    return next();
  };

test.each(everyWay)("$transport, $kind: interceptors run in order, the first outermost", async ({ transport, kind }) => {
  const log: string[] = [];
  const { client } = await startBy(
    transport,
    everyKind(() => {
      log.push("handler");
      return "";
    }),
    { interceptors: [note(log, "a"), note(log, "b")] },
  );
  await kinds[kind](client, "");
  expect(log).toEqual(["a in", "b in", "handler", "a OK", "b OK"]);
});

test.each(everyWay)(
  "$transport, $kind: an interceptor that throws rejects the call before a request is parsed",
  async ({ transport, kind }) => {
    let handled = false;
    const seen: unknown[] = [];
    const { client } = await startBy(
      transport,
      everyKind(() => {
        handled = true;
        return "";
      }),
      {
        interceptors: [
          async () => {
            throw new RpcError(Code.PERMISSION_DENIED, "not you");
          },
          watchServer((request) => void seen.push(request)),
        ],
      },
    );
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.PERMISSION_DENIED, message: "not you" });
    expect(handled).toBe(false);
    expect(seen).toEqual([]);
  },
);

test.each(everyWay)("$transport, $kind: interceptors see every message, and may reject one", async ({ transport, kind }) => {
  const seen: string[] = [];
  const { client } = await startBy(
    transport,
    {
      unary: ({ text }) => ({ text: `${text}!` }),
      serverStream: ({ text }) => [{ text: `${text}!` }],
      clientStream: async (requests) => {
        let text = "";
        for await (const request of requests) text += request.text;
        return { text: `${text}!` };
      },
      async *bidiStream(requests) {
        for await (const { text } of requests) yield { text: `${text}!` };
      },
    },
    {
      interceptors: [
        watchServer(
          (request) => {
            seen.push(textOf(request));
            if (textOf(request) === "bad") throw new RpcError(Code.INVALID_ARGUMENT, "bad text");
          },
          (response) => void seen.push(textOf(response)),
        ),
      ],
    },
  );
  await kinds[kind](client, "good");
  expect(seen).toEqual(["good", "good!"]);
  expect(await failureOf(kinds[kind](client, "bad"))).toMatchObject({ code: Code.INVALID_ARGUMENT, message: "bad text" });
});

test.each(everyWay)(
  "$transport, $kind: the call ends when the caller cancels, even if the handler ignores it",
  async ({ transport, kind }) => {
    const log: string[] = [];
    const { client } = await startBy(
      transport,
      everyKind(() => new Promise<never>(() => {})),
      { interceptors: [note(log, "a")] },
    );
    const controller = new AbortController();
    const failure = failureOf(kinds[kind](client, "", { signal: controller.signal }));
    await until(() => log.length === 1);
    controller.abort();
    expect(await failure).toMatchObject({ code: Code.CANCELLED });
    await until(() => log.length === 2);
    expect(log).toEqual(["a in", "a CANCELLED"]);
  },
);

test.each(everyWay)("$transport, $kind: an interceptor may replace an error, and add to the trailer", async ({ transport, kind }) => {
  const translate: ServerInterceptor = async (call, next) => {
    const translated = (error: unknown) => {
      call.trailer.set("x-was", (error as Error).name);
      return new RpcError(Code.OUT_OF_RANGE, "out of range");
    };
    async function* wrapped<Message>(messages: AsyncIterable<Message>) {
      try {
        yield* messages;
      } catch (error) {
        throw translated(error);
      }
    }
    try {
      const response = await next();
      return response.messages === undefined ? response : { messages: wrapped(response.messages) };
    } catch (error) {
      throw translated(error);
    }
  };
  const failing = everyKind(() => {
    throw new RangeError("x");
  });
  const { client } = await startBy(transport, failing, { interceptors: [translate], onError: () => {} });
  const error = await failureOf(kinds[kind](client, ""));
  expect(error).toMatchObject({ code: Code.OUT_OF_RANGE });
  expect((error as RpcError).metadata.get("x-was")).toBe("RangeError");
});

test.each(everyWay)("$transport, $kind: next() again runs the handler again, if its requests can be read", async ({ transport, kind }) => {
  let runs = 0;
  const handlers = everyKind(() => `run ${++runs}`);
  const twice: ServerInterceptor = async (_call, next) => {
    await next();
    return next();
  };
  const { client } = await startBy(transport, handlers, { interceptors: [twice], onError: () => {} });
  if (kind === "unary" || kind === "serverStream")
    expect(await kinds[kind](client, "")).toMatchObject([{ text: kind === "unary" ? "run 2" : "run 1" }]);
  else {
    const message = expect.stringMatching(/^the requests of \/test\.v1\.TestService\/\w+ have been read already/);
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message });
  }
});

test.each(everyWay)(
  "$transport, $kind: an interceptor may answer without the handler, or change request and response",
  async ({ transport, kind }) => {
    const body = vi.fn(() => "handler");
    const answer: ServerInterceptor = (call, next) => {
      if (!call.metadata.has("cached")) return next();
      const message = { text: "cached" };
      return call.kind === "unary" || call.kind === "client_streaming" ? { message } : { messages: [message, message] };
    };
    const change: ServerInterceptor = async (call, next) => {
      const response = await (call.requests === undefined
        ? next({ request: { text: "changed" } })
        : next({ requests: [{ text: "changed" }] }));
      async function* shouted(messages: AsyncIterable<Message>) {
        for await (const message of messages) yield { text: textOf(message).toUpperCase() };
      }
      return response.messages === undefined
        ? { message: { text: textOf(response.message).toUpperCase() } }
        : { messages: shouted(response.messages) };
    };
    const { client } = await startBy(
      transport,
      {
        unary: ({ text }) => ({ text: `${body()} ${text}` }),
        serverStream: ({ text }) => [{ text: `${body()} ${text}` }],
        clientStream: async (requests) => ({ text: `${body()} ${(await Array.fromAsync(requests))[0]?.text}` }),
        async *bidiStream(requests) {
          for await (const { text } of requests) yield { text: `${body()} ${text}` };
        },
      },
      { interceptors: [answer, change] },
    );
    expect(await kinds[kind](client, "x")).toMatchObject([{ text: "HANDLER CHANGED" }]);
    body.mockClear();
    const cached = await kinds[kind](client, "x", { metadata: { cached: "1" } });
    expect(cached).toMatchObject(
      kind === "unary" || kind === "clientStream" ? [{ text: "cached" }] : [{ text: "cached" }, { text: "cached" }],
    );
    expect(body).not.toHaveBeenCalled();
  },
);

test.each(everyWay)("$transport, $kind: the signal of the handler aborts when the call has ended", async ({ transport, kind }) => {
  const signals: AbortSignal[] = [];
  const handlers = everyKind(({ signal, metadata }) => {
    signals.push(signal);
    if (metadata.has("fail")) throw new RpcError(Code.NOT_FOUND, "no such thing");
    return "";
  });
  for (const interceptors of [[], [watchServer(() => {})]]) {
    signals.length = 0;
    const { client } = await startBy(transport, handlers, { interceptors });
    await kinds[kind](client, "");
    await failureOf(kinds[kind](client, "", { metadata: { fail: "1" } }));
    await until(() => signals.length === 2 && signals.every(({ aborted }) => aborted));
    expect(signals.map(({ reason }) => reason)).toMatchObject([
      { code: Code.CANCELLED, message: "the call has ended" },
      { code: Code.NOT_FOUND },
    ]);
  }
});

test.each(transports)("%s: a wrapped stream is read no faster than the caller reads", async (transport) => {
  let made = 0;
  let ended: unknown;
  const noteEnd: ServerInterceptor = (call, next) => {
    call.onEnd((error) => {
      ended = error;
    });
    return next();
  };
  const { client } = await startBy(
    transport,
    {
      *serverStream() {
        for (;;) {
          made++;
          yield { data: new Uint8Array(64 * 1024) };
        }
      },
    },
    { interceptors: [noteEnd, watchServer(() => {})] },
  );
  const responses = client.serverStream({});
  expect(await responses.recv()).toBeDefined();
  let before = -1;
  while (before !== made) {
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(made).toBeLessThan(400);
  responses.cancel();
  await until(() => ended !== undefined);
  expect(ended).toMatchObject({ code: Code.CANCELLED });
});

test.each(everyWay)("$transport, $kind: an interceptor for one method runs around its calls only", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind(() => "hi"),
    {
      interceptors: [
        forServerMethod(TestService.method.unary, async (call, next) => {
          const { text } = await call.request;
          const { message } = await next();
          return { message: { text: `${message.text} ${text}` } };
        }),
      ],
    },
  );
  expect(await kinds[kind](client, "you")).toMatchObject([{ text: kind === "unary" ? "hi you" : "hi" }]);
});

test.each(everyWay)(
  "$transport, $kind: an interceptor may end a running call with its own status, and the handler is aborted",
  async ({ transport, kind }) => {
    const handling = Promise.withResolvers<AbortSignal>();
    const { client } = await startBy(
      transport,
      everyKind(async ({ signal }) => {
        handling.resolve(signal);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return "";
      }),
      {
        interceptors: [
          (call, next) => {
            void handling.promise.then(() => call.abort(new RpcError(Code.UNAUTHENTICATED, "no more")));
            return next();
          },
        ],
      },
    );
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.UNAUTHENTICATED, message: "no more" });
    const signal = await handling.promise;
    await until(() => signal.aborted);
    expect(signal.reason).toMatchObject({ code: Code.UNAUTHENTICATED });
  },
);
