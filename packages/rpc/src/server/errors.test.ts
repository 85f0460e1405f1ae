import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { everyKind, failureOf, kindNames, kinds, start, TestService, until } from "../../test/harness.ts";
import { Code, detail, RpcError } from "../index.ts";
import { BadRequestSchema } from "../protocol/error-details.ts";

const unhandled = vi.fn();
beforeEach(() => process.on("unhandledRejection", unhandled));
afterEach(() => {
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test.each(kindNames)("%s: an RpcError arrives with code, message, metadata and details", async (kind) => {
  const onError = vi.fn();
  const { client } = await start(
    everyKind(() => {
      throw new RpcError(Code.FAILED_PRECONDITION, "还没好", {
        metadata: { "x-why": "because" },
        details: [detail(BadRequestSchema, { fieldViolations: [{ field: "f", description: "d" }] })],
      });
    }),
    { onError },
  );
  const error = await failureOf(kinds[kind](client, ""));
  expect(error).toBeInstanceOf(RpcError);
  if (!(error instanceof RpcError)) return;
  expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, message: "还没好" });
  expect(error.metadata.get("x-why")).toEqual(["because"]);
  expect(error.findDetails(BadRequestSchema)).toMatchObject([{ fieldViolations: [{ field: "f", description: "d" }] }]);
  expect(onError).not.toHaveBeenCalled();
});

test.each(
  kindNames.flatMap((kind) => [
    [kind, new Error("the password is hunter2")] as const,
    [kind, "hunter2"] as const,
    [kind, undefined] as const,
  ]),
)("%s: anything else that is thrown (%s) is INTERNAL, says nothing, and is reported once", async (kind, thrown) => {
  const onError = vi.fn();
  const { client } = await start(
    everyKind(() => {
      throw thrown;
    }),
    { onError },
  );
  const error = await failureOf(kinds[kind](client, ""));
  expect(error).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
  expect(JSON.stringify((error as RpcError).metadata)).not.toContain("hunter2");
  expect(onError.mock.calls).toEqual([[thrown, expect.objectContaining({ peer: expect.any(String) })]]);
});

test("a handler that throws before it returns anything is an error like any other", async () => {
  const onError = vi.fn();
  const fault = new Error("at once");
  const handler = () => {
    throw fault;
  };
  const { client } = await start({ unary: handler, serverStream: handler, clientStream: handler, bidiStream: handler }, { onError });
  for (const kind of kindNames) expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL });
  expect(onError).toHaveBeenCalledTimes(4);
});

test("responses sent before an error arrive before it, to a slow reader too", async () => {
  const { client } = await start({
    *serverStream() {
      for (let count = 0; count < 200; count++) yield { count };
      throw new RpcError(Code.ABORTED, "that is all");
    },
  });
  const counts: number[] = [];
  const error = await failureOf(
    (async () => {
      for await (const { count } of client.serverStream({})) {
        counts.push(count);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })(),
  );
  expect(counts).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect(error).toMatchObject({ code: Code.ABORTED });
});

test.each(kindNames)("%s: a response that cannot be written is INTERNAL and reported", async (kind) => {
  const onError = vi.fn();
  const bad = { count: 2 ** 40 };
  const { client } = await start(
    {
      unary: () => bad,
      serverStream: () => [bad],
      clientStream: () => bad,
      bidiStream: () => [bad],
    },
    { onError },
  );
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL });
  expect(onError).toHaveBeenCalledTimes(1);
});

test("bytes that are no message are INTERNAL, name the message, and do not reach the handler", async () => {
  const unary = vi.fn(() => ({}));
  const onError = vi.fn();
  const { address } = await start({ unary }, { onError });
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const asIs = (bytes: Buffer) => bytes;
  const error = await new Promise<grpc.ServiceError | null>((resolve) =>
    client.makeUnaryRequest(`/${TestService.typeName}/Unary`, asIs, asIs, Buffer.from([0xff]), (error) => resolve(error)),
  );
  client.close();
  expect(error).toMatchObject({ code: Code.INTERNAL, details: "cannot parse the request as test.v1.Request" });
  expect(unary).not.toHaveBeenCalled();
  expect(onError).not.toHaveBeenCalled();
});

test("a fault after the caller has gone is reported, and nothing else happens", async () => {
  const onError = vi.fn();
  const fault = new Error("in the end");
  const { client } = await start(
    {
      unary: (_request, { signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => setTimeout(() => reject(fault), 10))),
    },
    { onError },
  );
  const controller = new AbortController();
  const failure = failureOf(client.unary({}, { signal: controller.signal }));
  setTimeout(() => controller.abort(), 50);
  expect(await failure).toMatchObject({ code: Code.CANCELLED });
  await until(() => onError.mock.calls.length > 0);
  expect(onError.mock.calls).toEqual([[fault, expect.anything()]]);
});

test("an onError hook that throws does no harm", async () => {
  const { client } = await start(
    everyKind(() => {
      throw new Error("x");
    }),
    {
      onError: () => {
        throw new Error("hook");
      },
    },
  );
  for (const kind of kindNames) expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL });
});
