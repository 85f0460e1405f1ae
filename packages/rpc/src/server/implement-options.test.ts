// Options of implement() hold wherever the implementation is served.
import * as grpc from "@grpc/grpc-js";
import { expect, onTestFinished, test, vi } from "vitest";
import { connect, everyKind, everyWay, failureOf, kindNames, kinds, startBy, TestService } from "../../test/harness.ts";
import {
  authenticate,
  Code,
  type CodecFactory,
  createContextKey,
  implement,
  protobufEs,
  RpcError,
  type ServerInterceptor,
} from "../index.ts";

const who = createContextKey<string>("who");
const verify = ({ metadata }: { metadata: grpc.Metadata }) => {
  if (metadata.get("token")[0] !== "t") throw new RpcError(Code.UNAUTHENTICATED, "no token");
  return "me";
};

test.each(everyWay)("$way, $kind: authenticate() given to implement() protects the service", async ({ way, kind }) => {
  const handler = vi.fn(() => "");
  const { client } = await startBy(way, everyKind(handler), {}, { interceptors: [authenticate({ key: who, verify })] });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.UNAUTHENTICATED });
  expect(handler).not.toHaveBeenCalled();
  await kinds[kind](client, "", { metadata: { token: "t" } });
  expect(handler).toHaveBeenCalledTimes(1);
});

test.each(kindNames)("on a server of grpc-js itself, %s: it does, too", async (kind) => {
  const server = new grpc.Server();
  onTestFinished(() => server.forceShutdown());
  server.addService(
    ...implement(
      TestService,
      everyKind(() => ""),
      { interceptors: [authenticate({ key: who, verify })] },
    ),
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
  expect(await failureOf(kinds[kind](connect(`127.0.0.1:${port}`), ""))).toMatchObject({ code: Code.UNAUTHENTICATED });
});

test.each(everyWay)("$way, $kind: the server's interceptors are outermost, and each prepares for the service", async ({ way, kind }) => {
  const log: string[] = [];
  const note = (name: string): ServerInterceptor =>
    Object.assign(
      async (_call: unknown, next: () => Promise<void>) => {
        log.push(name);
        await next();
      },
      { prepare: ({ typeName }: { typeName: string }) => log.push(`${name} ${typeName}`) },
    );
  const { client } = await startBy(
    way,
    everyKind(() => ""),
    { interceptors: [note("server")] },
    { interceptors: [note("a"), note("b")] },
  );
  for (const name of ["server", "a", "b"]) expect(log).toContain(`${name} test.v1.TestService`);
  log.length = 0;
  await kinds[kind](client, "");
  expect(log).toEqual(["server", "a", "b"]);
});

test.each(everyWay)(
  "$way, $kind: both onError are called, the implementation's first, and one that throws does no harm",
  async ({ way, kind }) => {
    const log: unknown[] = [];
    const fault = new Error("mine");
    const handlers = everyKind(() => {
      throw fault;
    });
    const inner = (error: unknown) => {
      log.push("inner", error);
      throw new Error("hook");
    };
    const outer = (error: unknown) => log.push("outer", error);
    const { client } = await startBy(way, handlers, { onError: outer }, { onError: inner });
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
    expect(log).toEqual(["inner", fault, "outer", fault]);
  },
);

test("an implementation's codec comes before the server's", async () => {
  const made: string[] = [];
  const codec =
    (name: string): CodecFactory =>
    (schema) => {
      made.push(`${name} ${schema.typeName}`);
      return protobufEs(schema);
    };
  const { client } = await startBy(
    "over a socket",
    everyKind(() => "x"),
    { codec: codec("server"), health: false },
    { codec: codec("own") },
  );
  expect((await client.unary({})).text).toBe("x");
  expect(made).toContain("own test.v1.Request");
  expect(made.filter((name) => name.startsWith("server"))).toEqual([]);
});
