import { create } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import { RequestSchema, TestService } from "../../test/gen/test_pb.js";
import { everyKind, everyWay, failureOf, kindNames, kinds, startBy, type TestHandlers, until } from "../../test/harness.ts";
import { Code, type Context, ContextValues, createContextKey, type Handler, Metadata, RpcError } from "../index.ts";
import { currentCall } from "../propagation/current-call.ts";
import { mockClient } from "./mock-client.ts";
import { recordCalls } from "./record-calls.ts";
import { testContext } from "./test-context.ts";
import { virtualTime } from "./virtual-time/virtual-time.ts";

type Unary = Handler<typeof TestService.method.unary>;

test("a handler reads what the options say, and the test what the handler has set", async () => {
  const user = createContextKey<string>("user");
  const unary: Unary = ({ text }, context) => {
    context.header.set("x-header", "h");
    context.sendHeader();
    context.header.set("x-late", "l");
    context.trailer.set("x-trailer", "t");
    context.compression = "gzip";
    context.compress = false;
    return { text: `${text} ${context.values.require(user)} ${context.metadata.get("x-id")} ${context.peer} ${context.method.name}` };
  };
  const context = testContext({
    method: TestService.method.unary,
    metadata: { "x-id": "7" },
    peer: "10.0.0.1:5",
    values: new ContextValues().set(user, "ann"),
  });
  expect(context.sentHeader).toBeUndefined();
  expect(await unary(create(RequestSchema, { text: "hi" }), context)).toEqual({ text: "hi ann 7 10.0.0.1:5 Unary" });
  expect([...(context.sentHeader as Metadata)]).toEqual([["x-header", "h"]]);
  expect(context.header.get("x-late")).toBe("l");
  expect(context.trailer.get("x-trailer")).toBe("t");
  expect([context.compression, context.compress]).toEqual(["gzip", false]);
  expect(JSON.stringify(context)).toBe('{"method":"/test.v1.TestService/Unary","peer":"10.0.0.1:5"}');
});

test("the defaults are those of a call without anything", () => {
  const context = testContext();
  expect([...context.metadata]).toEqual([]);
  expect({ ...context, peer: context.peer, compression: context.compression, compress: context.compress }).toMatchObject({
    peer: "in-process",
    deadline: undefined,
    clientCertificate: undefined,
    compression: "identity",
    compress: true,
  });
  expect(context.signal.aborted).toBe(false);
  expect(() => context.method).toThrow("the handler reads context.method: give testContext() the option method");
});

test("cancel() and abort() end the signal as life does, once", () => {
  const cancelled = testContext();
  cancelled.cancel();
  cancelled.abort(new RpcError(Code.UNAVAILABLE, "later"));
  expect(cancelled.signal.reason).toMatchObject({ code: Code.CANCELLED, message: "the caller cancelled the call" });
  const aborted = testContext();
  const reason = new RpcError(Code.UNAVAILABLE, "the server is shutting down");
  aborted.abort(reason);
  expect(aborted.signal.reason).toBe(reason);
  expect(() => testContext().abort(new Error("x") as never)).toThrow("the error of abort() must be an RpcError");
});

test("the deadline aborts the signal, and keeps no process alive", async () => {
  const time = virtualTime();
  onTestFinished(() => time[Symbol.dispose]());
  const context = testContext({ timeoutMs: 60_000 });
  expect(Number(context.deadline)).toBe(Date.now() + 60_000);
  await time.advance(59_999);
  expect(context.signal.aborted).toBe(false);
  await time.advance(1);
  expect(context.signal.reason).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  time[Symbol.dispose]();
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  testContext({ timeoutMs: 60_000 });
  testContext({ timeoutMs: Number.POSITIVE_INFINITY });
  expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout")).toHaveLength(before);
});

test("a deadline may be further away than Node's longest timer", async () => {
  using time = virtualTime();
  const month = 30 * 24 * 3_600_000;
  const { signal } = testContext({ timeoutMs: month });
  await time.advance(month - 1);
  expect(signal.aborted).toBe(false);
  await time.advance(1);
  expect(signal.reason).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test("a context without a method can be logged", () => {
  expect(JSON.stringify(testContext({ peer: "10.0.0.1:5" }))).toBe('{"method":"a call of testContext()","peer":"10.0.0.1:5"}');
});

test.each(kindNames)("%s: a call inside run() inherits deadline, metadata and cancellation, as inside a handler", async (kind) => {
  const calls = recordCalls();
  const client = mockClient(
    TestService,
    everyKind(({ signal }) => new Promise<string>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))),
    { server: { interceptors: [calls] } },
  );
  const context = testContext({ method: TestService.method.unary, metadata: { "x-request-id": "r1", "x-user": "ann" }, timeoutMs: 60_000 });
  const inner = context.run(async () => {
    await null;
    expect(currentCall()).toBe(context);
    return kinds[kind](client, "x");
  });
  const failed = failureOf(inner);
  await until(() => calls.all.length === 1);
  const call = calls.all[0];
  expect(Number(call?.deadline) - Number(context.deadline)).toBeLessThan(1_000);
  expect([call?.metadata.get("x-request-id"), call?.metadata.get("x-user")]).toEqual(["r1", undefined]);
  context.cancel();
  const message = "the call was cancelled: /test.v1.TestService/Unary, which made it, has ended (CANCELLED: the caller cancelled the call)";
  expect(await failed).toMatchObject({ code: Code.CANCELLED, message });
  expect(await call?.ended).toBe(Code.CANCELLED);
  expect(await failureOf(context.run(() => kinds[kind](client, "x")))).toMatchObject({ message: /^the call was not sent: / });
  expect(currentCall()).toBeUndefined();
});

test("each step of a generator that run() reads to its end is inside the call", async () => {
  const context = testContext();
  async function* serverStream() {
    for (let step = 0; step < 2; step++) {
      await null;
      yield currentCall() === context;
    }
  }
  expect(await context.run(() => Array.fromAsync(serverStream()))).toEqual([true, true]);
  expect(() => context.run(5 as never)).toThrow("the function of run() must be a function, got 5");
});

/** What a handler can see of its context and do with it: the outcome of each use, as text. */
function uses(context: Context): string[] {
  const outcome = (use: () => unknown): string => {
    try {
      return String(use());
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };
  return [
    () => context.metadata.get("x-id"),
    () => context.method.name.length > 0,
    () => context.deadline instanceof Date,
    () => context.header.set("grpc-status", "0"),
    () => context.trailer.add(":path", "x"),
    () => context.header.merge(new Metadata({ "x-ok": "1" })).get("x-ok"),
    () => context.sendHeader(),
    () => context.sendHeader(),
    () => {
      context.compression = "zip" as never;
    },
    () => {
      context.compress = 1 as never;
    },
    () => {
      (context as { peer: string }).peer = "x";
    },
    () => Object.assign(context, { more: 1 }),
    () => Object.isFrozen(context),
    () => context.values.get(createContextKey("none")),
    () => Object.keys(context.toJSON()),
    () => context.signal.aborted,
  ].map(outcome);
}

test.each(everyWay)("it behaves as the context of $kind over $transport", async ({ transport, kind }) => {
  let seen: string[] = [];
  const look = (_: unknown, context: Context) => {
    seen = uses(context);
    return { text: "" };
  };
  const handlers: TestHandlers = {
    unary: look,
    clientStream: look,
    *serverStream(request, context) {
      yield look(request, context);
    },
    async *bidiStream(requests, context) {
      yield look(requests, context);
    },
  };
  const { client } = await startBy(transport, handlers);
  await kinds[kind](client, "x", { metadata: { "x-id": "7" }, timeoutMs: 60_000 });
  const mine = uses(testContext({ metadata: { "x-id": "7" }, timeoutMs: 60_000, method: TestService.method[kind] }));
  expect(mine.map((text) => text.replace(/TypeError: .*(read.?only|getter).*/, "read only"))).toEqual(
    seen.map((text) => text.replace(/TypeError: .*(read.?only|getter).*/, "read only")),
  );
});
