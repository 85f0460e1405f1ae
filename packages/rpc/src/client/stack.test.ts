// An error names the method that failed, and its stack contains the caller.
import { expect, test } from "vitest";
import { startBy, type TestClient, type Transport, transports } from "../../test/harness.ts";
import { type CallOptions, type ClientInterceptor, Code, type RpcError } from "../index.ts";
import { RpcError as Failure } from "../protocol/error.ts";

/** Handlers that fail, with or without a response before. */
const handlers = {
  unary: () => {
    throw new Failure(Code.NOT_FOUND, "no such thing");
  },
  async *serverStream() {
    yield {};
    throw new Failure(Code.NOT_FOUND, "no such thing");
  },
  async clientStream(requests: AsyncIterable<unknown>) {
    for await (const _ of requests);
    throw new Failure(Code.NOT_FOUND, "no such thing");
  },
  async *bidiStream(requests: AsyncIterable<unknown>) {
    for await (const _ of requests) throw new Failure(Code.NOT_FOUND, "no such thing");
    yield {};
  },
};

const pause = () => new Promise((resolve) => setTimeout(resolve, 30));

/** Ways to wait for a call, each in a function whose name must appear in the stack. */
const callers: Readonly<Record<string, (client: TestClient, options: CallOptions) => Promise<unknown>>> = {
  async unary(client, options) {
    await client.unary({}, options);
  },
  async returned(client, options) {
    return await client.unary({}, options);
  },
  async inAPromiseAll(client, options) {
    await Promise.all([client.unary({}, options), client.unary({}, options)]);
  },
  async behindThen(client, options) {
    await client.unary({}, options).then((response) => response.text);
  },
  async forAwait(client, options) {
    for await (const _ of client.serverStream({}, options));
  },
  async forAwaitLate(client, options) {
    const responses = client.serverStream({}, options);
    await pause();
    for await (const _ of responses);
  },
  async recv(client, options) {
    const responses = client.serverStream({}, options);
    while ((await responses.recv()) !== undefined);
  },
  async relay(client, options) {
    async function* responses() {
      yield* client.serverStream({}, options);
    }
    for await (const _ of responses());
  },
  async requests(client, options) {
    await client.clientStream([{}, {}], options);
  },
  async closeAndRecv(client, options) {
    const call = client.clientStream(options);
    await call.send({});
    await call.closeAndRecv();
  },
  async closeAndRecvLate(client, options) {
    const call = client.clientStream(options);
    call.cancel();
    await pause();
    await call.closeAndRecv();
  },
  async conversation(client, options) {
    const call = client.bidiStream(options);
    await call.send({});
    await call.recv();
  },
  async header(client, options) {
    await client.clientStream([], options).catch(() => {});
    await client.bidiStream([{}], options).header();
  },
};

const names = Object.keys(callers);
const everyCaller = transports.flatMap((transport) => names.map((name) => ({ transport, name })));

async function failure(name: string, transport: Transport, options: CallOptions, interceptors: readonly ClientInterceptor[] = []) {
  const { client } = await startBy(transport, handlers, {}, {}, { interceptors });
  try {
    await callers[name]?.(client, options);
  } catch (error) {
    return error as RpcError;
  }
  throw new Error("it did not fail");
}

/** The functions of this file in a stack. */
function functionsIn(stack = ""): string[] {
  return stack
    .split("\n")
    .filter((line) => line.includes("stack.test.ts"))
    .map((line) => /at (?:async )?(?:Object\.)?(\S+) \(/.exec(line)?.[1] ?? line);
}

test.each(everyCaller)("$transport, $name: the stack begins with the function that awaits the call", async ({ transport, name }) => {
  const error = await failure(name, transport, {});
  expect(error.method).toMatch(/^\/test\.v1\.TestService\/\w+$/);
  expect(functionsIn(error.stack)).toContain(name);
  // No internal frame precedes it.
  const lines = error.stack?.split("\n").slice(1) ?? [];
  expect(lines.find((line) => !line.includes("node:internal"))).toMatch(/stack\.test\.ts|Promise\.all/);
  expect(error.stack).toContain(error.message);
});

test.each(everyCaller)("$transport, $name: the same applies with interceptors", async ({ transport, name }) => {
  const around: ClientInterceptor = async (_call, next) => {
    await null;
    return next();
  };
  const error = await failure(name, transport, {}, [around, around]);
  expect(error.method).toMatch(/^\/test\.v1\.TestService\/\w+$/);
  expect(functionsIn(error.stack)).toContain(name);
});

const ends: Readonly<Record<string, () => CallOptions>> = {
  "a timeout": () => ({ timeoutMs: 1 }),
  "a timeout that has passed": () => ({ timeoutMs: 0 }),
  "a signal": () => ({ signal: AbortSignal.timeout(1) }),
  "a signal that has aborted": () => ({ signal: AbortSignal.abort() }),
  "metadata that cannot be sent": () => ({ metadata: { te: "trailers" } }),
  "an option that does not exist": () => ({ timeoutMS: 1 }) as CallOptions,
};

test.each(Object.entries(ends))("%s: the stack contains the function that calls or awaits", async (_, options) => {
  for (const name of ["unary", "forAwait", "requests", "conversation"]) {
    const error = await failure(name, "in process", options());
    expect(functionsIn(error.stack), name).toContain(name);
    if (error instanceof Failure) expect(error.method, name).toMatch(/^\/test\.v1\.TestService\/\w+$/);
  }
});

test("an error that the caller creates keeps its stack and has no method", async () => {
  const own = new Failure(Code.ABORTED, "my own");
  const { stack } = own;
  const throwing: ClientInterceptor = async () => {
    throw own;
  };
  for (const name of names.filter((name) => name !== "closeAndRecvLate")) {
    expect(await failure(name, "in process", {}, [throwing])).toBe(own);
    expect(await failure(name, "in process", { signal: AbortSignal.abort(own) })).toBe(own);
  }
  expect(own.stack).toBe(stack);
  expect(own.method).toBeUndefined();
});

test("the stack for a request that cannot be encoded contains the caller", async () => {
  const { client } = await startBy("in process", handlers);
  async function writer() {
    await client.unary({ count: 2 ** 40 });
  }
  const error = await writer().catch((error: RpcError) => error);
  expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, method: "/test.v1.TestService/Unary" });
  expect(functionsIn((error as RpcError).stack)).toContain("writer");
});
