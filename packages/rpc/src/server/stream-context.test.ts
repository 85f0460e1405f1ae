// The steps of a response stream run in the asynchronous context that an interceptor gives the
// handler.
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { startBy, type TestHandlers, transports, until } from "../../test/harness.ts";
import type { ServerInterceptor } from "../index.ts";

const storage = new AsyncLocalStorage<string>();

const enter: ServerInterceptor = (_call, next) => storage.run("of the call", next);

/** Changes what the handler yields, outside of `enter`. */
const wrap: ServerInterceptor = async (_call, next) => {
  const response = await next();
  return response.messages === undefined ? response : { messages: wrapped(response.messages) };
};

async function* wrapped<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const message of messages) yield message;
}

async function* wait(): AsyncGenerator<number> {
  for (let step = 0; step < 4; step++) {
    if (step === 1) await undefined;
    if (step === 2) await setImmediate();
    if (step === 3) await delay(2);
    yield step;
  }
}

const places = [
  { around: "the interceptor alone", interceptors: [enter] },
  { around: "another one outside", interceptors: [wrap, enter] },
  { around: "another one inside", interceptors: [enter, wrap] },
];

test.each(transports.flatMap((transport) => places.map((place) => ({ transport, ...place }))))(
  "$transport, $around: each step, and the end",
  async ({ transport, interceptors }) => {
    const seen: unknown[] = [];
    const handlers: TestHandlers = {
      async *serverStream() {
        try {
          for await (const _ of wait()) {
            seen.push(storage.getStore());
            yield {};
          }
        } finally {
          seen.push(storage.getStore());
        }
      },
      async *bidiStream(requests) {
        for await (const request of requests) {
          seen.push(storage.getStore());
          yield { text: request.text };
        }
      },
    };
    const { client } = await startBy(transport, handlers, { interceptors });
    expect(await Array.fromAsync(client.serverStream({}))).toHaveLength(4);
    expect(seen).toEqual(Array(5).fill("of the call"));
    await Array.fromAsync(client.bidiStream([{}, {}]));
    expect(seen).toEqual(Array(7).fill("of the call"));
  },
);

test.each(transports)("%s: after the caller had no room, and after it has left", async (transport) => {
  const seen = new Set<unknown>();
  let ended: unknown = "not yet";
  let steps = 0;
  const handlers: TestHandlers = {
    *serverStream() {
      try {
        for (;;) {
          steps++;
          seen.add(storage.getStore());
          yield { text: "x".repeat(100_000) };
        }
      } finally {
        ended = storage.getStore();
      }
    },
  };
  const { client } = await startBy(transport, handlers, { interceptors: [enter] });
  const call = client.serverStream({});
  for (let i = 0; i < 100; i++) {
    if (i % 20 === 0) await delay(5);
    await call.recv();
  }
  call.cancel();
  await until(() => ended !== "not yet");
  expect({ seen: [...seen], ended }).toEqual({ seen: ["of the call"], ended: "of the call" });
  expect(steps).toBeGreaterThan(99);
});
