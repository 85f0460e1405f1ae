// The order in which a call uses its transport.
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test, vi } from "vitest";
import { FakeStream } from "../../test/fake-stream.ts";
import { RequestSchema, ResponseSchema } from "../../test/gen/test_pb.js";
import { type TestHandlers, TestService } from "../../test/harness.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { ServedMethod, ServerListener } from "../transport/server.ts";
import type { ServerInterceptor } from "./context.ts";
import { implement } from "./implement.ts";
import { type ServeOptions, serve } from "./serve.ts";

const request = (text: string) => Buffer.from(toBinary(RequestSchema, create(RequestSchema, { text })));
const response = (text: string) => Buffer.from(toBinary(ResponseSchema, create(ResponseSchema, { text })));

function methodsOf(handlers: TestHandlers, options: ServeOptions = {}): Record<string, ServedMethod> {
  const methods = serve(implement(TestService, handlers), options);
  return Object.fromEntries(methods.map((method) => [method.path.split("/")[2], method]));
}

function methodOf(name: string, handlers: TestHandlers, options?: ServeOptions): ServedMethod {
  const method = methodsOf(handlers, options)[name];
  if (method === undefined) throw new TypeError(`there is no method ${name}`);
  return method;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("serve() sets the kinds of methods, and which of them the header opens", () => {
  const pass: ServeOptions = { interceptors: [(_call, next) => next()] };
  const kinds = (options: ServeOptions) =>
    Object.entries(methodsOf({}, options)).map(([name, { requestStream, responseStream, early }]) => [
      name,
      requestStream,
      responseStream,
      early,
    ]);
  expect(kinds({})).toEqual([
    ["Unary", false, false, false],
    ["ServerStream", false, true, false],
    ["ClientStream", true, false, true],
    ["BidiStream", true, true, true],
  ]);
  expect(kinds(pass).map(([, , , early]) => early)).toEqual([true, true, true, true]);
});

test("a unary call with a synchronous handler ends before answer() returns", () => {
  const stream = new FakeStream();
  methodOf("Unary", { unary: ({ text }) => ({ text: `${text}!` }) }).answer(stream, request("a"), false);
  expect(stream.done).toEqual([{ status: undefined, response: response("a!"), compress: false }]);
});

test("a response is sent with its status, after a header that the handler has filled", async () => {
  const stream = new FakeStream();
  const unary = async (_request: unknown, { header, trailer }: { header: { set(k: string, v: string): void }; trailer: typeof header }) => {
    header.set("x-h", "1");
    trailer.set("x-t", "2");
    return { text: "a" };
  };
  methodOf("Unary", { unary }).answer(stream, request(""), false);
  await stream.ended;
  expect(stream.done.length).toBe(2);
  const [header, end] = stream.done as unknown as [{ header: Iterable<unknown> }, { status: { metadata: Iterable<unknown> } }];
  expect([...header.header]).toEqual([["x-h", "1"]]);
  expect([...end.status.metadata]).toEqual([["x-t", "2"]]);
  expect(end).toMatchObject({ status: { code: Code.OK }, response: response("a") });
});

test.each(["Unary", "ServerStream", "ClientStream", "BidiStream"])(
  "%s: an error after the header was only read sends a status alone",
  async (name) => {
    const fail = (_input: unknown, { header, trailer }: { header: { get(key: string): unknown }; trailer: typeof header }): never => {
      header.get("x-h");
      trailer.get("x-t");
      throw new RpcError(Code.UNAVAILABLE, "later");
    };
    for (const compression of ["identity", "gzip"] as const) {
      const method = methodOf(name, { unary: fail, serverStream: fail, clientStream: fail, bidiStream: fail }, { compression });
      const stream = new FakeStream();
      if (method.early) method.open(stream);
      else method.answer(stream, request(""), false);
      await stream.ended;
      expect(stream.done).toMatchObject([{ status: { code: Code.UNAVAILABLE, message: "later" }, response: undefined }]);
    }
  },
);

test("an error after the header was filled sends the header", () => {
  const stream = new FakeStream();
  const unary = (_request: unknown, { header }: { header: { set(key: string, value: string): void } }): never => {
    header.set("x-h", "1");
    throw new RpcError(Code.ABORTED, "no");
  };
  methodOf("Unary", { unary }).answer(stream, request(""), false);
  expect(stream.done).toMatchObject([{ compression: "identity" }, { status: { code: Code.ABORTED } }]);
});

test.each([
  [["identity", "gzip"], "gzip", true],
  [["identity"], "identity", false],
])("the compression for a caller that accepts %s is announced as %s", async (accepted, announced, compress) => {
  const methods = methodsOf({ unary: () => ({ text: "a" }), serverStream: () => [{ text: "a" }] }, { compression: "gzip" });
  const unary = new FakeStream();
  const serverStream = new FakeStream();
  unary.accepted = accepted;
  serverStream.accepted = accepted;
  methods["Unary"]?.answer(unary, request(""), false);
  methods["ServerStream"]?.answer(serverStream, request(""), false);
  await serverStream.ended;
  const header = { header: undefined, compression: announced };
  expect(unary.done).toEqual([header, { status: undefined, response: response("a"), compress }]);
  expect(serverStream.done).toEqual([header, { message: response("a"), compress }, { status: undefined, response: undefined, compress }]);
});

test("with an interceptor, the request is not pulled before next()", async () => {
  let go = () => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  const interceptors: ServerInterceptor[] = [
    async (_call, next) => {
      await gate;
      return next();
    },
  ];
  const stream = new FakeStream();
  const listener = methodOf("Unary", { unary: ({ text }) => ({ text }) }, { interceptors }).open(stream);
  await turn();
  expect(stream.done).toEqual([]);
  go();
  await turn();
  expect(stream.done).toEqual([{ pull: true }]);
  listener.onMessage(request("a"), false);
  listener.onHalfClose();
  await stream.ended;
  expect(stream.done.slice(1)).toEqual([{ status: undefined, response: response("a"), compress: false }]);
});

test("requests are pulled one at a time, as the handler reads them", async () => {
  const stream = new FakeStream();
  const read: string[] = [];
  const listener = methodOf("ClientStream", {
    async clientStream(requests) {
      for await (const { text } of requests) {
        read.push(text);
        await turn();
      }
      return { text: read.join() };
    },
  }).open(stream);
  for (const text of ["a", "b", "c"]) {
    expect(stream.done.length).toBe(read.length + 1);
    listener.onMessage(request(text), false);
    await turn();
    await turn();
  }
  listener.onHalfClose();
  await stream.ended;
  expect(stream.done.at(-1)).toMatchObject({ response: response("a,b,c") });
});

test("responses wait while there is no room", async () => {
  const stream = new FakeStream();
  stream.room = false;
  const listener = methodOf("ServerStream", { serverStream: () => [{ text: "a" }, { text: "b" }] }).answer(stream, request(""), false);
  await turn();
  expect(stream.done.length).toBe(1);
  listener.onDrain();
  await turn();
  expect(stream.done.length).toBe(2);
  listener.onDrain();
  await stream.ended;
});

test.each(["Unary", "ServerStream", "ClientStream", "BidiStream"])(
  "%s: the status that ends the call on the wire is the reason of the signal, and nothing more is sent",
  async (name) => {
    const onError = vi.fn();
    for (const code of [Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.RESOURCE_EXHAUSTED]) {
      let reason: unknown;
      const wait = (_input: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            reject(signal.reason);
          }),
        );
      async function* waits(input: unknown, context: { signal: AbortSignal }) {
        yield await wait(input, context);
      }
      const method = methodOf(name, { unary: wait, serverStream: waits, clientStream: wait, bidiStream: waits }, { onError });
      const stream = new FakeStream();
      const listener = method.early ? method.open(stream) : method.answer(stream, request(""), false);
      await turn();
      listener.onCancel({ code, message: "why", metadata: undefined });
      await turn();
      expect(reason).toMatchObject({ code, message: "why" });
      expect(stream.done).toEqual([]);
    }
    expect(onError).not.toHaveBeenCalled();
  },
);

test("reading requests after the end of the call fails", async () => {
  const stream = new FakeStream();
  let late: AsyncIterable<unknown> = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("none")) }) };
  methodOf("ClientStream", {
    async clientStream(requests) {
      late = requests;
      return {};
    },
  }).open(stream);
  await stream.ended;
  await expect(late[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: Code.CANCELLED, message: "the call has ended" });
});

test("a generator that ends its own call stops, and its finally runs", async () => {
  const stream = new FakeStream();
  const onError = vi.fn();
  let cut = () => {};
  let cleanedUp = false;
  const method = methodOf(
    "ServerStream",
    {
      *serverStream() {
        try {
          for (let count = 0; ; count++) {
            if (count === 2) cut();
            yield {};
          }
        } finally {
          cleanedUp = true;
        }
      },
    },
    { onError },
  );
  stream.room = false;
  const listener = method.answer(stream, request(""), false);
  cut = () => listener.onCancel({ code: Code.CANCELLED, message: "", metadata: undefined });
  stream.room = true;
  listener.onDrain();
  await turn();
  expect(cleanedUp).toBe(true);
  expect(stream.done.length).toBe(2);
  expect(onError).not.toHaveBeenCalled();
});

test.each(["a generator", "an async generator"])("%s that never waits does not block other calls", async (kind) => {
  let made = 0;
  function* all() {
    for (; made < 20_000; made++) yield {};
  }
  async function* asyncAll() {
    yield* all();
  }
  const stream = new FakeStream();
  methodOf("ServerStream", { serverStream: kind === "a generator" ? all : asyncAll }).answer(stream, request(""), false);
  await turn();
  expect(made).toBeLessThan(5_000);
  await stream.ended;
  expect(stream.done.length).toBe(20_001);
});

test("a burst of requests does not block other calls, and keeps its order", async () => {
  const read: string[] = [];
  const handlers: TestHandlers = {
    async clientStream(requests) {
      for await (const { text } of requests) read.push(text);
      return {};
    },
  };
  const all = Array.from({ length: 20_000 }, (_, count) => String(count));
  let sent = 0;
  let listener: ServerListener | undefined;
  const stream = new FakeStream();
  stream.pull = () => {
    const text = all[sent++];
    if (text === undefined) listener?.onHalfClose();
    else if (sent === 1) queueMicrotask(() => listener?.onMessage(request(text), false));
    else listener?.onMessage(request(text), false);
  };
  listener = methodOf("ClientStream", handlers).open(stream);
  await turn();
  expect(read.length).toBeLessThan(5_000);
  await stream.ended;
  expect(read).toEqual(all);
});
