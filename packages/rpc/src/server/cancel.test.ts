import * as http2 from "node:http2";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test, vi } from "vitest";
import { everyKind, everyWay, failureOf, kindNames, kinds, start, startBy, transports, until } from "../../test/harness.ts";
import { Code, type Context, RpcError } from "../index.ts";

/** Handlers that never respond, and report how their signal aborted. */
function hang() {
  const seen: { context?: Context; reason?: unknown; cleanedUp?: boolean } = {};
  const handlers = everyKind(async (context) => {
    seen.context = context;
    try {
      return await new Promise<never>((_, reject) => context.signal.addEventListener("abort", () => reject(context.signal.reason)));
    } catch (reason) {
      seen.reason = reason;
      throw reason;
    } finally {
      seen.cleanedUp = true;
    }
  });
  return { seen, handlers };
}

test.each(everyWay)(
  "$transport, $kind: a cancel by the client aborts the handler's signal, and the client gets CANCELLED",
  async ({ transport, kind }) => {
    const { seen, handlers } = hang();
    const { client } = await startBy(transport, handlers);
    const controller = new AbortController();
    const failure = failureOf(kinds[kind](client, "", { signal: controller.signal }));
    await until(() => seen.context !== undefined);
    controller.abort();
    expect(await failure).toMatchObject({ code: Code.CANCELLED });
    await until(() => seen.cleanedUp === true);
    expect(seen.reason).toMatchObject({ code: Code.CANCELLED });
    expect(seen.reason).toBeInstanceOf(RpcError);
  },
);

/** Calls a method with plain HTTP/2, so that only the server acts. */
function rawCall(address: string, kind: string, headers: http2.OutgoingHttpHeaders = {}) {
  const session = http2.connect(`http://${address}`);
  onTestFinished(() => session.destroy());
  const request = session.request({
    ":method": "POST",
    ":path": `/test.v1.TestService/${kind[0]?.toUpperCase()}${kind.slice(1)}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  request.on("error", () => {});
  request.end(Buffer.alloc(5)); // an empty message
  return { session, request };
}

test.each(kindNames)(
  "%s: the deadline aborts the handler's signal with DEADLINE_EXCEEDED, even if the client does nothing",
  async (kind) => {
    const { seen, handlers } = hang();
    const { address } = await start(handlers);
    const { request } = rawCall(address, kind, { "grpc-timeout": "60m" });
    const headers = await new Promise<http2.IncomingHttpHeaders>((resolve) => request.on("response", resolve));
    expect(headers["grpc-status"]).toBe(String(Code.DEADLINE_EXCEEDED));
    await until(() => seen.cleanedUp === true);
    expect(seen.reason).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  },
);

test.each(everyWay)(
  "$transport, $kind: at the deadline, the client gets DEADLINE_EXCEEDED, and the handler ends",
  async ({ transport, kind }) => {
    const { seen, handlers } = hang();
    const { client } = await startBy(transport, handlers);
    // The handler must begin before the deadline, on a busy machine, too.
    for (let timeoutMs = 60; seen.context === undefined; timeoutMs *= 2) {
      expect(await failureOf(kinds[kind](client, "", { timeoutMs }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    }
    await until(() => seen.cleanedUp === true);
  },
);

test.each(kindNames)("%s: a lost connection aborts the handler's signal", async (kind) => {
  const { seen, handlers } = hang();
  const { address } = await start(handlers);
  const { session } = rawCall(address, kind);
  await until(() => seen.context !== undefined);
  session.socket.destroy();
  await until(() => seen.cleanedUp === true);
  expect(seen.reason).toMatchObject({ code: Code.CANCELLED });
});

test.each(transports)("%s: a signal accessed after the cancel is already aborted", async (transport) => {
  let began = false;
  let gone: () => void = () => {};
  let late: AbortSignal | undefined;
  const { client } = await startBy(transport, {
    unary: async (_request, context) => {
      began = true;
      await new Promise<void>((resolve) => (gone = resolve));
      late = context.signal;
      return {};
    },
  });
  const controller = new AbortController();
  const failure = failureOf(client.unary({}, { signal: controller.signal }));
  await until(() => began);
  controller.abort();
  await failure;
  await new Promise((resolve) => setTimeout(resolve, 50));
  gone();
  await until(() => late !== undefined);
  expect(late?.aborted).toBe(true);
});

test.each(transports)(
  "%s: a generator's finally runs when the client leaves while the generator waits for the reader",
  async (transport) => {
    let cleanedUp = false;
    const { client } = await startBy(transport, {
      *serverStream() {
        try {
          for (;;) yield { data: new Uint8Array(100_000) };
        } finally {
          cleanedUp = true;
        }
      },
    });
    for await (const _ of client.serverStream({})) break;
    await until(() => cleanedUp);
  },
);

test.each(transports)("%s: requests fail with CANCELLED when the client goes away", async (transport) => {
  let reason: unknown;
  let received = 0;
  const { client } = await startBy(transport, {
    async clientStream(requests) {
      try {
        for await (const _ of requests) received++;
      } catch (error) {
        reason = error;
      }
      return {};
    },
  });
  const call = client.clientStream();
  await call.send({});
  await until(() => received === 1);
  call.cancel();
  await until(() => reason !== undefined);
  expect(reason).toMatchObject({ code: Code.CANCELLED });
});

test.each(transports)("%s: the signal aborts once, at the end of its call", async (transport) => {
  const signals = new Map<string, AbortSignal>();
  const { client } = await startBy(transport, {
    unary({ text }, { signal }) {
      signals.set(text, signal);
      return {};
    },
  });
  const call = (timeoutMs: number) => client.unary({ text: String(timeoutMs) }, { timeoutMs }).catch(() => undefined);
  let timeoutMs = 100;
  // On a busy machine, a call may take longer.
  while ((await call(timeoutMs)) === undefined) timeoutMs *= 2;
  const signal = signals.get(String(timeoutMs));
  await until(() => signal?.aborted === true);
  // The deadline passes after the end of the call.
  await new Promise((resolve) => setTimeout(resolve, timeoutMs + 50));
  expect(signal?.reason).toMatchObject({ code: Code.CANCELLED, message: "the call has ended" });
});

test("a handler's signal passes its reason on to the handler's own calls", async () => {
  let inner: unknown;
  const { seen, handlers } = hang();
  const back = await start(handlers);
  const front = await start({
    unary: async (_request, { signal }) => {
      inner = await failureOf(back.client.unary({}, { signal }));
      return {};
    },
  });
  // The handlers must begin before the deadline, on a busy machine, too.
  for (let timeoutMs = 60; seen.context === undefined; timeoutMs *= 2) {
    const { request } = rawCall(front.address, "unary", { "grpc-timeout": `${timeoutMs}m` });
    await new Promise((resolve) => request.on("response", resolve));
  }
  await until(() => inner !== undefined && seen.cleanedUp === true);
  expect(inner).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test.each(everyWay)(
  "$transport, $kind: an AbortError of another realm, as in Jest, is not a fault of a cancelled call",
  async ({ transport, kind }) => {
    const foreign = (): Error => runInNewContext('Object.assign(new Error("The operation was aborted"), { name: "AbortError" })');
    expect(foreign()).not.toBeInstanceOf(Error);
    const thrown = Promise.withResolvers<void>();
    let running = false;
    const handlers = everyKind(async ({ signal }) => {
      running = true;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      setImmediate(thrown.resolve);
      throw foreign();
    });
    const onError = vi.fn();
    const { client } = await startBy(transport, handlers, { onError });
    const controller = new AbortController();
    const failed = failureOf(kinds[kind](client, "", { signal: controller.signal }));
    await until(() => running);
    controller.abort();
    expect(await failed).toMatchObject({ code: Code.CANCELLED });
    await thrown.promise;
    expect(onError).not.toHaveBeenCalled();
  },
);
