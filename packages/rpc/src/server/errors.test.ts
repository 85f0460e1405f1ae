import { constants } from "node:http2";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { everyKind, everyWay, failureOf, kindNames, kinds, start, startBy, transports, until } from "../../test/harness.ts";
import { frame, Peer } from "../../test/http2-peer.ts";
import { Code, detail, RpcError, type ServerInterceptor } from "../index.ts";
import { BadRequestSchema } from "../protocol/error-details.ts";

const unhandled = vi.fn();
beforeEach(() => process.on("unhandledRejection", unhandled));
afterEach(() => {
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test.each(everyWay)("$transport, $kind: an RpcError arrives with code, message, metadata and details", async ({ transport, kind }) => {
  const onError = vi.fn();
  const { client } = await startBy(
    transport,
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
  expect(error.metadata.get("x-why")).toBe("because");
  expect(error.findDetails(BadRequestSchema)).toMatchObject([{ fieldViolations: [{ field: "f", description: "d" }] }]);
  expect(onError).not.toHaveBeenCalled();
});

test.each(everyWay.flatMap((one) => [new Error("the password is hunter2"), "hunter2", undefined].map((thrown) => ({ ...one, thrown }))))(
  "$transport, $kind: any other thrown value ($thrown) is INTERNAL without its message, and is reported once",
  async ({ transport, kind, thrown }) => {
    const onError = vi.fn();
    const { client } = await startBy(
      transport,
      everyKind(() => {
        throw thrown;
      }),
      { onError },
    );
    const error = await failureOf(kinds[kind](client, ""));
    expect(error).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
    expect(JSON.stringify((error as RpcError).metadata)).not.toContain("hunter2");
    expect(onError.mock.calls).toEqual([[thrown, expect.objectContaining({ peer: expect.any(String) })]]);
  },
);

test.each(transports)("%s: a handler may throw synchronously", async (transport) => {
  const onError = vi.fn();
  const fault = new Error("at once");
  const handler = () => {
    throw fault;
  };
  const { client } = await startBy(
    transport,
    { unary: handler, serverStream: handler, clientStream: handler, bidiStream: handler },
    { onError },
  );
  for (const kind of kindNames) expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL });
  expect(onError).toHaveBeenCalledTimes(4);
});

test.each(transports)("%s: responses sent before an error arrive before it, also for a slow reader", async (transport) => {
  const { client } = await startBy(transport, {
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

test.each(everyWay)("$transport, $kind: a response that cannot be serialized is INTERNAL and reported", async ({ transport, kind }) => {
  const onError = vi.fn();
  const bad = { count: 2 ** 40 };
  const { client } = await startBy(
    transport,
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

test.each(["Unary", "ServerStream", "ClientStream", "BidiStream"])(
  "%s: malformed bytes are INTERNAL, the status names the message type, and the handler does not run",
  async (method) => {
    const onError = vi.fn();
    const handler = vi.fn();
    const read = async (requests: AsyncIterable<unknown>) => {
      for await (const request of requests) handler(request);
      return {};
    };
    const { address } = await start(
      {
        unary: handler,
        serverStream: handler,
        clientStream: read,
        async *bidiStream(requests) {
          yield await read(requests);
        },
      },
      { onError },
    );
    const call = new Peer(address).call(method);
    call.stream.end(frame(Buffer.from([0xff])));
    expect(await call.ended).toMatchObject({
      "grpc-status": String(Code.INTERNAL),
      "grpc-message": "cannot parse the request as test.v1.Request",
    });
    expect(handler).not.toHaveBeenCalled();
    expect(onError).not.toHaveBeenCalled();
  },
);

test.each(transports)("%s: a fault after the caller has left is only reported", async (transport) => {
  const onError = vi.fn();
  const fault = new Error("in the end");
  const controller = new AbortController();
  const { client } = await startBy(
    transport,
    {
      unary(_request, { signal }) {
        // The caller leaves once its call is being handled.
        setTimeout(() => controller.abort());
        return new Promise((_, reject) => signal.addEventListener("abort", () => setTimeout(() => reject(fault), 10)));
      },
    },
    { onError },
  );
  const failure = failureOf(client.unary({}, { signal: controller.signal }));
  expect(await failure).toMatchObject({ code: Code.CANCELLED });
  await until(() => onError.mock.calls.length > 0);
  expect(onError.mock.calls).toEqual([[fault, expect.anything()]]);
});

test.each(transports)("%s: an onError hook that throws does not affect the call", async (transport) => {
  const { client } = await startBy(
    transport,
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

test.each(["Unary", "ServerStream", "ClientStream", "BidiStream"])(
  "%s: an error after the handler only read its header is a trailers-only response, which clients may retry",
  async (method) => {
    for (const interceptors of [[], [((_call, next) => next()) satisfies ServerInterceptor]]) {
      const { address } = await start(
        everyKind(({ header, trailer }) => {
          header.get("x-h");
          trailer.get("x-t");
          throw new RpcError(Code.UNAVAILABLE, "later");
        }),
        { interceptors, compression: "gzip" },
      );
      const call = new Peer(address).call(method, { "grpc-accept-encoding": "gzip" });
      const blocks: string[] = [];
      call.stream.on("response", (_headers, flags) => blocks.push(flags & constants.NGHTTP2_FLAG_END_STREAM ? "last header" : "header"));
      call.stream.on("trailers", () => blocks.push("trailer"));
      call.stream.end(frame());
      expect(await call.status()).toBe(Code.UNAVAILABLE);
      expect(blocks).toEqual(["last header"]);
    }
  },
);
