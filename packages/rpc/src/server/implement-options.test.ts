// The options of implement() apply wherever the implementation is served.
import type { DescService } from "@bufbuild/protobuf";
import { expect, test, vi } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, transports } from "../../test/harness.ts";
import {
  authenticate,
  Code,
  type CodecFactory,
  createContextKey,
  type Metadata,
  protobufEs,
  RpcError,
  type ServerInterceptor,
} from "../index.ts";

const who = createContextKey<string>("who");
const verify = ({ metadata }: { metadata: Metadata }) => {
  if (metadata.get("token") !== "t") throw new RpcError(Code.UNAUTHENTICATED, "no token");
  return "me";
};

test.each(everyWay)("$transport, $kind: authenticate() given to implement() protects the service", async ({ transport, kind }) => {
  const handler = vi.fn(() => "");
  const { client } = await startBy(transport, everyKind(handler), {}, { interceptors: [authenticate({ key: who, verify })] });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.UNAUTHENTICATED });
  expect(handler).not.toHaveBeenCalled();
  await kinds[kind](client, "", { metadata: { token: "t" } });
  expect(handler).toHaveBeenCalledTimes(1);
});

test.each(everyWay)(
  "$transport, $kind: the server's interceptors are outermost, and each prepares for the service and knows those around it",
  async ({ transport, kind }) => {
    const log: string[] = [];
    const note = (name: string): ServerInterceptor =>
      Object.assign(
        ((_call, next) => {
          log.push(name);
          return next();
        }) satisfies ServerInterceptor,
        { prepare: ({ typeName }: DescService, before: readonly unknown[]) => log.push(`${name} ${typeName} after ${before.length}`) },
      );
    const { client } = await startBy(
      transport,
      everyKind(() => ""),
      { interceptors: [note("server")] },
      { interceptors: [note("a"), note("b")] },
    );
    for (const [index, name] of ["server", "a", "b"].entries()) expect(log).toContain(`${name} test.v1.TestService after ${index}`);
    log.length = 0;
    await kinds[kind](client, "");
    expect(log).toEqual(["server", "a", "b"]);
  },
);

test.each(everyWay)(
  "$transport, $kind: both onError hooks are called, the implementation's first, even if it throws",
  async ({ transport, kind }) => {
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
    const { client } = await startBy(transport, handlers, { onError: outer }, { onError: inner });
    expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
    expect(log).toEqual(["inner", fault, "outer", fault]);
  },
);

test.each(transports)("%s: an implementation's codec overrides the server's", async (transport) => {
  const made: string[] = [];
  const codec =
    (name: string): CodecFactory =>
    (schema) => {
      made.push(`${name} ${schema.typeName}`);
      return protobufEs(schema);
    };
  const { client } = await startBy(
    transport,
    everyKind(() => "x"),
    { codec: codec("server"), health: false },
    { codec: codec("own") },
  );
  expect((await client.unary({})).text).toBe("x");
  expect(made).toContain("own test.v1.Request");
  expect(made.filter((name) => name.startsWith("server"))).toEqual([]);
});
