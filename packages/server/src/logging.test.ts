import { Greeter as ChatGreeter } from "@grpc-study/proto/chat";
import { Greeter } from "@grpc-study/proto/helloworld";
import { StreamClient, StreamServer } from "@grpc-study/proto/streams";
import { Code, createClient, createServer, type Implementation, implement, RpcError } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { recordLog } from "../test/serve-services.ts";
import { logCalls, logFailures } from "./logging.ts";

test("a line has the level and the time in ISO 8601, and no host name or process id", () => {
  const { log, lines } = recordLog();
  log.warn("careful");
  expect(lines).toEqual([{ level: "warn", time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), msg: "careful" }]);
});

test("an error is logged with its stack and causes, without its metadata", () => {
  const { log, lines } = recordLog();
  const cause = new RpcError(Code.UNAUTHENTICATED, "inner", { metadata: { token: "123321123" } });
  log.error({ err: new Error("outer", { cause }) }, "failed");
  log.error({ err: cause }, "failed");
  expect(lines[0]).toMatchObject({ err: { type: "Error", stack: expect.stringMatching(/outer.*logging\.test.*inner/s) } });
  expect(JSON.stringify(lines)).not.toContain("123321123");
});

test("each call is logged on one line when it ends: method, status, duration, peer", async () => {
  const { lines, address } = await serveLogged(
    implement(Greeter, { sayHello: () => ({}) }),
    implement(StreamServer, { listValue: () => [{}, {}] }),
    implement(StreamClient, { routeList: () => ({}) }),
    implement(ChatGreeter, { bidiHello: () => [] }),
  );
  await createClient(Greeter, address).sayHello({});
  await Array.fromAsync(createClient(StreamServer, address).listValue({}));
  await createClient(StreamClient, address).routeList([{}]);
  await Array.fromAsync(createClient(ChatGreeter, address).bidiHello([]));
  await expect.poll(() => lines).toHaveLength(4);
  for (const [index, method] of [
    "/proto.Greeter/SayHello",
    "/StreamServer/ListValue",
    "/StreamClient/RouteList",
    "/pb.Greeter/BidiHello",
  ].entries()) {
    expect(lines[index]).toEqual({
      level: "info",
      time: expect.any(String),
      method,
      status: "OK",
      durationMs: expect.any(Number),
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      msg: "call",
    });
  }
});

test("a call that fails with an RpcError is logged with its status, and not as a failure", async () => {
  const { lines, address } = await serveLogged(
    implement(Greeter, {
      sayHello: () => {
        throw new RpcError(Code.NOT_FOUND, "nobody here");
      },
    }),
  );
  await expect(createClient(Greeter, address).sayHello({})).rejects.toMatchObject({ code: Code.NOT_FOUND });
  expect(lines).toMatchObject([{ level: "info", status: "NOT_FOUND" }]);
});

test("a call that the caller cancels is logged as CANCELLED", async () => {
  const { lines, address } = await serveLogged(
    implement(ChatGreeter, {
      async *bidiHello(requests) {
        for await (const { name } of requests) yield { reply: name };
      },
    }),
  );
  const call = createClient(ChatGreeter, address).bidiHello();
  await call.send({ name: "1" });
  await call.recv();
  call.cancel();
  await expect.poll(() => lines).toMatchObject([{ level: "info", status: "CANCELLED" }]);
});

test("an unexpected error of a handler is logged with its stack, and the caller does not see it", async () => {
  const { lines, address } = await serveLogged(
    implement(Greeter, {
      sayHello: () => {
        throw new TypeError("a secret of the house");
      },
    }),
  );
  const error = await createClient(Greeter, address)
    .sayHello({})
    .catch((error: unknown) => error);
  expect(error).toMatchObject({ code: Code.INTERNAL, message: expect.not.stringContaining("secret") });
  await expect.poll(() => lines).toHaveLength(2);
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: "error",
      method: "/proto.Greeter/SayHello",
      err: { type: "TypeError", message: "a secret of the house", stack: expect.stringContaining("logging.test.ts") },
    }),
  );
  expect(lines).toContainEqual(expect.objectContaining({ level: "info", msg: "call", status: "INTERNAL" }));
});

/** Serves with a log of all calls until the test ends. */
async function serveLogged(...services: readonly Implementation[]) {
  const { log, lines } = recordLog();
  const server = createServer({ interceptors: [logCalls(log)], onError: logFailures(log) });
  server.add(...services);
  onTestFinished(async () => void (await server.shutdown({ graceMs: 0 })));
  const { address } = await server.listen("127.0.0.1:0");
  return { lines, address };
}
