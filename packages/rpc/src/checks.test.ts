// An option that does not exist or has a wrong value is an error. A misspelt option may be the one
// that keeps callers out.
import { expect, onTestFinished, test } from "vitest";
import { FakeChannel } from "../test/fake-channel.ts";
import { everyKind, everyWay, failureOf, kindNames, kinds, startBy, startServer, TestService, transports } from "../test/harness.ts";
import { authenticate, Code, createChannel, createClient, createContextKey, createServer, implement, RpcError } from "./index.ts";
import { validate, validateRequests } from "./interceptors/validate/index.ts";

/** A value as JavaScript or a file provides it, without a type. */
const untyped = (options: unknown): never => options as never;

const places: Readonly<Record<string, (options: object) => unknown>> = {
  "createServer()": (options) => createServer(untyped(options)),
  "createChannel()": (options) => createChannel("localhost:1", untyped(options)),
  "createClient()": (options) => createClient(TestService, "localhost:1", untyped(options)),
  "implement()": (options) => implement(TestService, {}, untyped(options)),
  "authenticate()": (options) => authenticate(untyped(options)),
  RpcError: (options) => new RpcError(Code.ABORTED, "", untyped(options)),
  tls: (tls) => createChannel("localhost:1", { tls: untyped(tls) }),
  limits: (limits) => createChannel("localhost:1", { limits: untyped(limits) }),
  "validate()": (options) => validate(untyped(options)),
  "validateRequests()": (options) => validateRequests(untyped(options)),
  "a call": (defaults) => createClient(TestService, "localhost:1", { defaults: untyped(defaults) }),
};

test.each(Object.keys(places))("%s: an unknown option is a TypeError that names it", (where) => {
  expect(() => places[where]?.({ interceptor: [] })).toThrow(
    new RegExp(`^${where.replace("()", "\\(\\)")} has no option "interceptor"; the options are \\w+`),
  );
});

test("limits, listen() and shutdown() of a server reject unknown options", async () => {
  expect(() => createServer({ limits: untyped({ maxConections: 1 }) })).toThrow('limits has no option "maxConections"');
  expect(() => createServer({ limits: untyped({ keepaliveTime: 1 }) })).toThrow(TypeError);
  const server = createServer();
  onTestFinished(() => void server.shutdown());
  await expect(server.listen("127.0.0.1:0", untyped({ certificate: "a.pem" }))).rejects.toThrow('listen() has no option "certificate"');
  await expect(server.shutdown(untyped({ grace: 1 }))).rejects.toThrow('shutdown() has no option "grace"');
  expect(() => createServer(untyped({ compression: "brotli" }))).toThrow("compression must be identity, gzip or deflate, got 'brotli'");
});

test("an undefined option counts as left out", async () => {
  const limits = { maxReceiveMessageBytes: undefined };
  const { address } = await startServer(
    everyKind(() => "fine"),
    { limits, onError: undefined, interceptors: undefined },
  );
  using client = createClient(TestService, address, { limits, tls: undefined, defaults: { metadata: { "x-a": "1" }, timeoutMs: 5_000 } });
  expect((await client.unary({}, { timeoutMs: undefined, metadata: undefined })).text).toBe("fine");
  using channel = createChannel(address);
  expect((await createClient(TestService, channel, untyped({ tls: undefined })).unary({})).text).toBe("fine");
});

test("defaults apply if the option of a call is undefined", async () => {
  const { address } = await startServer(everyKind(({ metadata, deadline }) => `${metadata.get("x-a")} ${deadline !== undefined}`));
  using client = createClient(TestService, address, { defaults: { metadata: { "x-a": "default" }, timeoutMs: 5_000 } });
  expect((await client.unary({}, { timeoutMs: undefined, metadata: undefined })).text).toBe("default true");
});

test.each(everyWay)("$transport, $kind: an unknown call option fails the call", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind(() => "fine"),
  );
  expect(await failureOf(kinds[kind](client, "", { timeoutMS: 5 }))).toMatchObject({
    name: "TypeError",
    message: expect.stringMatching(/^a call has no option "timeoutMS"; the options are timeoutMs, deadline/),
  });
  // An instance of a class with further members.
  class Exchange {
    readonly id = 1;
    timeoutMs = 5_000;
  }
  expect(await kinds[kind](client, "", new Exchange())).toMatchObject([{ text: "fine" }]);
});

const wrongValues: readonly (readonly [option: string, value: unknown, expected: string, got: string])[] = [
  ["authority", "shop example", 'a host or "host:port"', "'shop example'"],
  ["authority", "", 'a host or "host:port"', "''"],
  ["authority", "user@shop/path", 'a host or "host:port"', "'user@shop/path'"],
  ["onHeader", 5, "a function", "5"],
  ["onTrailer", "x", "a function", "'x'"],
  ["signal", new AbortController(), "an AbortSignal", "AbortController {}"],
  ["signal", null, "an AbortSignal", "null"],
  ["signal", 5, "an AbortSignal", "5"],
  ["authority", new URL("http://localhost"), "a string", "URL {}"],
  ["waitForReady", { token: "a secret" }, "a boolean", "[Object]"],
];

test.each(everyWay)("$transport, $kind: a call option with a wrong value fails the call", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind(() => "fine"),
  );
  for (const [option, value, expected, got] of wrongValues) {
    // The call is made outside of `failureOf`, so it must not throw.
    const call = kinds[kind](client, "", { [option]: value });
    expect(await failureOf(call)).toMatchObject({ name: "TypeError", message: `${option} must be ${expected}, got ${got}` });
  }
  for (const metadata of [new Map([["x-a", "1"]]), new Headers({ "x-a": "1" }), [["x-a", "1"]], "x-a", 5]) {
    const failure = await failureOf(kinds[kind](client, "", { metadata }));
    expect(failure).toMatchObject({
      code: Code.INVALID_ARGUMENT,
      message: expect.stringMatching(/^metadata takes Metadata, or an object/),
    });
  }
});

test.each(transports)("%s: an unknown option of send() fails the call", async (transport) => {
  const { client } = await startBy(
    transport,
    everyKind(() => "fine"),
  );
  const options = untyped({ compres: false });
  const upload = client.clientStream();
  expect(await upload.send({}, options)).toBe(false);
  const message = 'send() has no option "compres"; the options are compress';
  expect(await failureOf(upload.closeAndRecv())).toMatchObject({ name: "TypeError", message });
  const chat = client.bidiStream();
  expect(await chat.send({}, options)).toBe(false);
  expect(await failureOf(chat.recv())).toMatchObject({ name: "TypeError", message });
});

test.each(["tls", "connectTimeoutMs", "limits", "balancing", "retry"])(
  "createClient() rejects %s if it is given a channel",
  async (name) => {
    const server = createServer();
    onTestFinished(() => void server.shutdown());
    using channel = createChannel("localhost:1");
    const value = { tls: true, connectTimeoutMs: 5, limits: {}, balancing: "round_robin", retry: false }[name];
    for (const target of [channel, server.channel()]) {
      expect(() => createClient(TestService, target, untyped({ [name]: value }))).toThrow(
        `createClient() cannot apply the option "${name}" to an existing channel: pass it to createChannel()`,
      );
    }
  },
);

test.each([
  ["host", "localhost"],
  ["credentials", {}],
  ["propagate_flags", 0],
  ["interceptor_providers", []],
])("a call has no option %s of grpc-js", async (name, value) => {
  const { client } = await startBy("in process", {});
  expect(await failureOf(client.unary({}, untyped({ [name]: value })))).toMatchObject({
    message: expect.stringContaining(`no option "${name}"`),
  });
});

test.each([
  [{ interceptors: {} }, "interceptors must be an array, got {}"],
  [{ interceptors: [null] }, "interceptors[0] must be a function, got null"],
  [{ values: {} }, "values must be a ContextValues, got {}"],
])("the options %j reject the call", async (options, message) => {
  const { client } = await startBy("in process", {});
  expect(await failureOf(client.unary({}, untyped(options)))).toEqual(new TypeError(message));
});

test("a server rejects grpc-js options, and a transport that is not a function", () => {
  expect(() => createServer(untyped({ grpc: {} }))).toThrow('createServer() has no option "grpc"');
  expect(() => createServer(untyped({ transport: "grpc-js" }))).toThrow(new TypeError("transport must be a function, got 'grpc-js'"));
});

test("handlers may have other members in a class instance, but not in a literal", async () => {
  class Greeter {
    readonly #greeting = "Hello";
    readonly started = new Date();
    unary({ text }: { text: string }) {
      return { text: this.greet(text) };
    }
    async *bidiStream(requests: AsyncIterable<{ text: string }>) {
      for await (const { text } of requests) yield { text: this.greet(text) };
    }
    greet(name: string): string {
      return `${this.#greeting} ${name}`;
    }
  }
  const server = createServer();
  onTestFinished(() => void server.shutdown());
  server.add(implement(TestService, new Greeter()));
  const client = createClient(TestService, server.channel());
  expect((await client.unary({ text: "world" })).text).toBe("Hello world");
  expect(await Array.fromAsync(client.bidiStream([{ text: "you" }]))).toMatchObject([{ text: "Hello you" }]);
  expect(() => implement(TestService, untyped({ unary: () => ({}), unray: () => ({}) }))).toThrow('has no method "unray"');
});

test.each<[string, unknown, string]>([
  ["reflection", { reflection: "false" }, "reflection must be true or false, got 'false'"],
  ["health", { health: 0 }, "health must be true or false, got 0"],
  ["interceptors", { interceptors: () => {} }, "interceptors must be an array, got [Function: interceptors]"],
  ["an interceptor", { interceptors: [{}] }, "interceptors[0] must be a function, got {}"],
  ["onError", { onError: "log" }, "onError must be a function, got 'log'"],
  ["codec", { codec: {} }, "codec must be a function, got {}"],
  ["limits", { limits: 5 }, "limits takes an object of options, got 5"],
  ["the options", 5, "createServer() takes an object of options, got 5"],
])("a server rejects a wrong value of %s", (_, options, message) => {
  expect(() => createServer(untyped(options))).toThrow(new TypeError(message));
});

test.each(["interceptors", "onError", "codec"])("implement() and createClient() reject a number for %s", (name) => {
  expect(() => implement(TestService, {}, untyped({ [name]: 5 }))).toThrow(`${name} must be`);
  if (name !== "onError") expect(() => createClient(TestService, "localhost:1", untyped({ [name]: 5 }))).toThrow(`${name} must be`);
});

test.each([{}, { token: "secret" }, 5, null])("perRpcCredentials rejects %j without showing the value", (perRpcCredentials) => {
  expect(() => createClient(TestService, "localhost:1", untyped({ perRpcCredentials }))).toThrow(
    new TypeError("perRpcCredentials.getRequestMetadata must be a function, got undefined"),
  );
});

test("perRpcCredentials require `secure`: a misspelt name must not send them in plaintext", () => {
  const perRpcCredentials = { getRequestMetadata: () => ({}), requireTransportsecurity: true };
  expect(() => createClient(TestService, "localhost:1", untyped({ perRpcCredentials }))).toThrow(
    new TypeError("perRpcCredentials.requireTransportSecurity must be true or false, got undefined"),
  );
});

test.each([{}, { verify: 5, key: createContextKey("user") }, { verify: () => 1 }])("authenticate() rejects %j", (options) => {
  expect(() => authenticate(untyped(options))).toThrow(/^(?:verify|key) must be/);
});

test.each(["5", -1, Number.NaN])("shutdown() rejects a graceMs of %s", async (graceMs) => {
  await using server = createServer();
  await expect(server.shutdown(untyped({ graceMs }))).rejects.toThrow(/^graceMs must be a number of milliseconds from 0 on, got /);
});

test("an infinite grace period aborts no call", async () => {
  const answer = Promise.withResolvers<string>();
  const server = createServer();
  server.add(implement(TestService, { unary: async () => ({ text: await answer.promise }) }));
  const response = createClient(TestService, server.channel()).unary({});
  const ended = server.shutdown({ graceMs: Number.POSITIVE_INFINITY });
  await new Promise((resolve) => setTimeout(resolve, 30));
  answer.resolve("done");
  expect(await response).toMatchObject({ text: "done" });
  expect(await ended).toEqual({ cut: [] });
});

test("implement() rejects a handler that is not a function", () => {
  expect(() => implement(TestService, untyped({ unary: 5 }))).toThrow("the handler of test.v1.TestService.unary must be a function, got 5");
  expect(() => implement(TestService, untyped({ unary: undefined }))).not.toThrow();
});

test.each(kindNames)("%s: a message shows a fractional timeout as it was given", async (kind) => {
  const client = createClient(TestService, new FakeChannel());
  expect(await failureOf(kinds[kind](client, "", { timeoutMs: 20.5 }))).toMatchObject({
    code: Code.DEADLINE_EXCEEDED,
    message: expect.stringMatching(/ within 20\.5 ms$/),
  });
});

test.each(transports)("%s: options may follow undefined requests", async (transport) => {
  const { client } = await startBy(
    transport,
    everyKind(({ metadata }) => metadata.get("x-a") ?? "none"),
  );
  const options = { metadata: { "x-a": "kept" } };
  const chat = client.bidiStream(undefined as never, options as never) as unknown as ReturnType<typeof client.bidiStream>;
  expect((await chat.recv())?.text).toBe("kept");
  const upload = client.clientStream(undefined as never, options as never) as unknown as ReturnType<typeof client.clientStream>;
  expect((await upload.closeAndRecv()).text).toBe("kept");
  const wrong = client.bidiStream({} as never, options as never) as unknown as ReturnType<typeof client.bidiStream>;
  expect(await failureOf(wrong.recv())).toMatchObject({
    name: "TypeError",
    message: "the requests of a call must be an iterable or async iterable, got {}",
  });
});
