// `currentCall()` anywhere below a handler, and nowhere else.
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import {
  everyKind,
  everyWay,
  failureOf,
  kindNames,
  kinds,
  startBy,
  startServer,
  type TestHandlers,
  TestService,
  until,
} from "../../test/harness.ts";
import { type Transport, transports } from "../../test/transports.ts";
import { type ClientInterceptor, type Context, createClient, detached, RpcError, type ServerInterceptor } from "../index.ts";
import { currentCall } from "./current-call.ts";

const id = () => currentCall()?.metadata.get("x-id");
const withId = (value: string) => ({ metadata: { "x-id": value } });

test.each(everyWay)("$transport, $kind: a handler and all that it calls know the call, as do interceptors", async ({ transport, kind }) => {
  const seen: unknown[] = [];
  const note = (place: string) => seen.push(`${place} ${id()}`);
  const interceptor: ServerInterceptor = async (call, next) => {
    note("interceptor");
    call.onEnd(() => note("onEnd"));
    await delay(1);
    const response = await next();
    note("after next()");
    return response;
  };
  const handlers = everyKind(async (context) => {
    expect(currentCall()).toBe(context);
    note("handler");
    await delay(1);
    note("after await");
    setImmediate(() => note("later"));
    return "";
  });
  const { client } = await startBy(transport, handlers, { interceptors: [interceptor] });
  await Promise.all(["a", "b"].map((name) => kinds[kind](client, "", withId(name))));
  await until(() => seen.length === 12);
  const places = ["interceptor", "onEnd", "after next()", "handler", "after await", "later"];
  expect(seen.toSorted()).toEqual(places.flatMap((place) => [`${place} a`, `${place} b`]).toSorted());
  expect(currentCall()).toBeUndefined();
});

test.each(everyWay)(
  "$transport, $kind: onEnd, onError and listeners of the signal know a call that is cancelled",
  async ({ transport, kind }) => {
    const seen = new Set<string>();
    const note = (place: string) => seen.add(`${place} ${id()}`);
    const handlers = everyKind(async ({ signal }) => {
      note("handler");
      await new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          note("abort");
          resolve(0);
        }),
      );
      throw new Error("a fault");
    });
    const interceptor: ServerInterceptor = (call, next) => {
      call.onEnd(() => note("onEnd"));
      return next();
    };
    const { client, server } = await startBy(transport, handlers, { interceptors: [interceptor], onError: () => note("onError") });
    const controller = new AbortController();
    const failed = failureOf(kinds[kind](client, "", { ...withId("a"), signal: controller.signal }));
    await until(() => seen.has("handler a"));
    controller.abort();
    await failed;
    await until(() => seen.size === 4);
    expect([...seen].toSorted()).toEqual(["abort a", "handler a", "onEnd a", "onError a"]);
    // A shutdown aborts calls from the outside.
    seen.clear();
    const cut = failureOf(kinds[kind](client, "", withId("b")));
    await until(() => seen.has("handler b"));
    await server.shutdown({ graceMs: 0, abortMs: 100 });
    await cut;
    await until(() => seen.size === 4);
    expect([...seen].toSorted()).toEqual(["abort b", "handler b", "onEnd b", "onError b"]);
  },
);

/** Streams of this many responses exceed every buffer, so that the generator waits for the caller. */
const many = 400;
const text = "x".repeat(1_000);

const generators = {
  async *async() {
    try {
      for (let i = 0; i < many; i++) yield { text: `${id()} ${text}` };
    } finally {
      ended.push(`${id()}`);
    }
  },
  *sync() {
    try {
      for (let i = 0; i < many; i++) yield { text: `${id()} ${text}` };
    } finally {
      ended.push(`${id()}`);
    }
  },
};
let ended: string[] = [];

test.each(
  transports.flatMap((transport) =>
    [false, true].flatMap((intercepted) =>
      Object.entries(generators).map(([name, generator]) => ({ transport, intercepted, name, generator })),
    ),
  ),
)("$transport, intercepted: $intercepted: each step of the $name generator knows the call, and so does its end", async (way) => {
  const { transport, intercepted, generator } = way;
  ended = [];
  const handlers: TestHandlers = { serverStream: generator, bidiStream: generator };
  const reads: ServerInterceptor = async (call, next) => {
    const response = await next();
    if (!call.stream || response.messages === undefined) return response;
    const { messages } = response;
    const read = async function* () {
      for await (const message of messages) {
        expect(id()).toBe(call.metadata.get("x-id"));
        yield message;
      }
    };
    return { messages: read() };
  };
  const { client } = await startBy(transport, handlers, { interceptors: intercepted ? [reads] : [] });
  const read = async (name: string) => {
    const texts = new Set<string | undefined>();
    let count = 0;
    for await (const { text } of client.serverStream({}, withId(name))) {
      texts.add(text.split(" ")[0]);
      if (++count % 50 === 0) await delay(5);
    }
    expect(count).toBe(many);
    return [...texts];
  };
  expect(await Promise.all([read("a"), read("b"), read("c")])).toEqual([["a"], ["b"], ["c"]]);
  expect(ended.toSorted()).toEqual(["a", "b", "c"]);
  ended = [];
  const left = client.bidiStream(withId("d"));
  expect((await left.recv())?.text).toMatch(/^d /);
  left.cancel();
  await until(() => ended.length === 1);
  expect(ended).toEqual(["d"]);
});

test("a call within the process is a call of its own, inside and after it", async () => {
  const inner = await startBy(
    "in process",
    everyKind(() => `${id()}`),
  );
  const seen: unknown[] = [];
  const outer = await startBy(
    "in process",
    everyKind(async (context) => {
      const made = [inner.client.unary({}, withId("b")), inner.client.unary({}, withId("c"))];
      seen.push(...(await Promise.all(made)).map(({ text }) => text), id());
      expect(currentCall()).toBe(context);
      return "";
    }),
  );
  await outer.client.unary({}, withId("a"));
  expect(seen).toEqual(["b", "c", "a"]);
});

test("detached() runs a function outside of any call, and returns its result", async () => {
  const seen: unknown[] = [];
  const { client } = await startBy(
    "http2",
    everyKind(async () => {
      seen.push(detached(() => currentCall()));
      seen.push(
        await detached(async () => {
          await delay(1);
          return currentCall() ?? "none";
        }),
      );
      expect(() => detached(() => raise(new RangeError("as it is")))).toThrow(new RangeError("as it is"));
      seen.push(id());
      return "";
    }),
  );
  await client.unary({}, withId("a"));
  expect(seen).toEqual([undefined, "none", "a"]);
});

function raise(error: Error): never {
  throw error;
}

test.each(transports)(
  "%s: what calls receive on a connection that a handler has opened belongs to their own outer call, or to none",
  async (transport) => {
    const contexts: (Context | undefined)[] = [];
    const behind = await startBy(transport, {
      async *serverStream() {
        yield {};
        await delay(20);
        yield {};
      },
    });
    const onHeader = () => contexts.push(currentCall());
    const outer: Context[] = [];
    const front = await startBy(
      transport,
      everyKind(async (context) => {
        outer.push(context);
        await behind.channel.connect();
        // The deadline uses a timer that calls share.
        await Array.fromAsync(behind.client.serverStream({}, { onHeader, timeoutMs: 60_000 }));
        return "";
      }),
    );
    await front.client.unary({});
    // Nothing of the first call is left.
    await Array.fromAsync(behind.client.serverStream({}, { onHeader }));
    const inCall = await startBy(
      "http2",
      everyKind(async (context) => {
        outer.push(context);
        await Array.fromAsync(behind.client.serverStream({}, { onHeader }));
        return "";
      }),
    );
    await inCall.client.unary({});
    expect(contexts.map((context) => context && outer.indexOf(context))).toEqual([0, undefined, 1]);
  },
);

test("a timer that another call has started does not bring its call along", async () => {
  const seen: unknown[] = [];
  const silent = await startBy(
    "http2",
    everyKind(({ signal }) => delay(60_000, "", { signal })),
  );
  const client = createClient(TestService, silent.channel, {
    interceptors: [
      (call, next) => {
        const name = call.metadata.get("x-name");
        call.onEnd(() => seen.push(name, id()));
        return next();
      },
    ],
  });
  const begun = Promise.withResolvers<void>();
  const front = await startBy(
    "http2",
    everyKind(async () => {
      // Starts the timer of its duration, which other calls share.
      const failed = failureOf(client.unary({}, { timeoutMs: 250, metadata: { "x-name": "inside" } }));
      begun.resolve();
      await failed;
      return "";
    }),
  );
  const inside = front.client.unary({}, withId("a"));
  await begun.promise;
  await failureOf(client.unary({}, { timeoutMs: 140, metadata: { "x-name": "outside" } }));
  expect(seen).toEqual(["outside", undefined]);
  await inside;
});

test("a handler that has thrown an error of a cancelled call has no fault", async () => {
  const faults: unknown[] = [];
  const outcomes: unknown[] = [];
  const silent = await startBy(
    "http2",
    everyKind(({ signal }) => delay(60_000, "", { signal })),
  );
  const { address, server } = await startServer(
    everyKind(async () => {
      outcomes.push("begins");
      return (await silent.client.unary({})).text;
    }),
    { onError: (error) => faults.push(error) },
  );
  const client = createClient(TestService, address);
  onTestFinished(() => client[Symbol.dispose]());
  const failed = failureOf(client.unary({}));
  await until(() => outcomes.length === 1);
  await server.shutdown({ graceMs: 0, abortMs: 1_000 });
  // Not CANCELLED, which the error of the inner call has.
  expect(RpcError.from(await failed)).toMatchObject({ code: 14, message: expect.stringContaining("shutting down") });
  expect(faults).toEqual([]);
});

test.each(
  transports.flatMap((transport) =>
    ["it ends with OK", "its deadline passes", "its signal aborts"].flatMap((how) =>
      [true, false].map((intercepted) => ({ transport, how, intercepted })),
    ),
  ),
)(
  "$transport, all kinds, intercepted: $intercepted: callbacks of a client call know the outer call, and no other one, if $how",
  async ({ transport, how, intercepted }) => {
    const places = intercepted ? ["abort", "onEnd", "onHeader", "onTrailer"] : ["onHeader", "onTrailer"];
    const seen = kindNames.map(async (kind) => [kind, ...(await placesOf(transport, kind, how, intercepted))]);
    expect(await Promise.all(seen)).toEqual(kindNames.map((kind) => [kind, ...places.map((place) => `${place} ${kind}`)]));
  },
);

/** Makes a call inside a call with the id `kind`. Returns each callback with the id that it saw. */
async function placesOf(transport: Transport, kind: (typeof kindNames)[number], how: string, intercepted: boolean): Promise<string[]> {
  const seen = new Set<string>();
  const note = (place: string) => seen.add(`${place} ${id()}`);
  const interceptor: ClientInterceptor = (call, next) => {
    call.onEnd(() => note("onEnd"));
    call.signal.addEventListener("abort", () => note("abort"));
    return next();
  };
  const behind = await startBy(
    transport,
    everyKind(async (context) => {
      context.sendHeader();
      if (how !== "it ends with OK") await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      return "";
    }),
    {},
    {},
    { interceptors: intercepted ? [interceptor] : [] },
  );
  const abort = new AbortController();
  const onHeader = () => {
    note("onHeader");
    // From another place.
    if (how === "its signal aborts") detached(() => setTimeout(() => abort.abort(), 5));
  };
  const options = {
    onHeader,
    onTrailer: () => note("onTrailer"),
    signal: abort.signal,
    ...(how === "its deadline passes" && { timeoutMs: 300 }),
  };
  const front = await startBy(
    transport,
    everyKind(async () => {
      await kinds[kind](behind.client, "", options).catch(() => {});
      return "";
    }),
  );
  await kinds[kind](front.client, "", withId(kind));
  return [...seen].toSorted();
}
