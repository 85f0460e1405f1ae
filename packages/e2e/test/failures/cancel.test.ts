// The client cancels in the middle of a call: the signal of the handler aborts, and its `finally`
// block runs.
import { join } from "node:path";
import { createClient as createConnectClient } from "@connectrpc/connect";
import { Greeter as Hello } from "@grpc-study/proto/helloworld";
import { Greeter } from "@grpc-study/proto/push";
import { Code, type Context, createClient, implement, RpcError } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { startClient } from "../harness/client.ts";
import { protoFolder } from "../harness/paths.ts";
import { serveRpc } from "../harness/rpc-server.ts";
import { serve } from "../harness/server.ts";
import { startBufCurl } from "../peers/buf-curl.ts";
import { createTransport } from "../peers/connect-node.ts";
import { createLoaderClient, loadMethod } from "../peers/proto-loader.ts";

/** Starts a server whose handlers wait for their signal, for all four call kinds. */
async function serveWaiting() {
  const began = Promise.withResolvers<void>();
  const reason = Promise.withResolvers<unknown>();
  const left = Promise.withResolvers<void>();
  const errors: unknown[] = [];

  const aborted = async ({ signal }: Context) => {
    began.resolve();
    try {
      await new Promise((resolve) => (signal.aborted ? resolve(undefined) : signal.addEventListener("abort", resolve)));
      reason.resolve(signal.reason);
      throw signal.reason;
    } finally {
      left.resolve();
    }
  };
  const implementations = [
    implement(Hello, {
      async sayHello(_request, context) {
        await aborted(context);
        return {};
      },
    }),
    implement(Greeter, {
      async *getStream(_request, context) {
        yield {};
        await aborted(context);
      },
      async putStream(_requests, context) {
        await aborted(context);
        return {};
      },
      async *allStream(requests, context) {
        try {
          for await (const { data } of requests) {
            yield { data };
            context.signal.addEventListener("abort", () => reason.resolve(context.signal.reason));
            began.resolve();
          }
        } finally {
          left.resolve();
        }
      },
    }),
  ];
  const server = await serveRpc(implementations, { onError: (error) => errors.push(error) });
  return {
    ...server,
    began: began.promise,
    /** Resolves with the code of the abort reason, once the handler has ended. */
    async ended() {
      await left.promise;
      const why = await reason.promise;
      expect(why).toBeInstanceOf(RpcError);
      // A cancelled call is not an error of the handler.
      expect(errors).toEqual([]);
      return (why as RpcError).code;
    },
  };
}

describe("the handler's signal aborts", () => {
  test("when our client aborts a unary call", async () => {
    await using server = await serveWaiting();
    using client = createClient(Hello, server.address);
    const leave = new AbortController();
    const answer = client.sayHello({}, { signal: leave.signal });
    await Promise.race([server.began, answer]);
    leave.abort();
    await expect(answer).rejects.toMatchObject({ code: Code.CANCELLED });
    expect(await server.ended()).toBe(Code.CANCELLED);
  });

  test("when our client breaks out of its loop over a server stream", async () => {
    await using server = await serveWaiting();
    using client = createClient(Greeter, server.address);
    for await (const _ of client.getStream({})) break;
    expect(await server.ended()).toBe(Code.CANCELLED);
  });

  test("when our client cancels a client stream", async () => {
    await using server = await serveWaiting();
    using client = createClient(Greeter, server.address);
    const stream = client.putStream();
    await stream.send({});
    await server.began;
    stream.cancel();
    await expect(stream.closeAndRecv()).rejects.toMatchObject({ code: Code.CANCELLED });
    expect(await server.ended()).toBe(Code.CANCELLED);
  });

  test("when our client cancels a bidirectional stream, and its requests end", async () => {
    await using server = await serveWaiting();
    using client = createClient(Greeter, server.address);
    {
      using stream = client.allStream();
      await stream.send({ data: "a" });
      expect((await stream.recv())?.data).toBe("a");
    }
    expect(await server.ended()).toBe(Code.CANCELLED);
  });

  test("when a connect-node client aborts", async () => {
    await using server = await serveWaiting();
    using transport = createTransport(server.address);
    const leave = new AbortController();
    const stream = createConnectClient(Greeter, transport).getStream({}, { signal: leave.signal });
    await stream[Symbol.asyncIterator]().next();
    leave.abort();
    expect(await server.ended()).toBe(Code.CANCELLED);
  });

  test("when a proto-loader client cancels", async () => {
    await using server = await serveWaiting();
    using client = createLoaderClient(server.address);
    const { path, requestSerialize, responseDeserialize } = loadMethod(Greeter.method.getStream);
    const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {});
    call.on("error", () => {});
    call.on("data", () => call.cancel());
    expect(await server.ended()).toBe(Code.CANCELLED);
  });

  test("when Ctrl-C ends our command", async () => {
    await using server = await serveWaiting();
    await using pushing = startClient(["push", "get", "--addr", server.address]);
    await pushing.stdout.count(1);
    pushing.kill("SIGINT");
    expect(await server.ended()).toBe(Code.CANCELLED);
    expect(await pushing.exit).toEqual({ status: 130, signal: null });
    expect(pushing.stderr.text).toBe("");
  });

  test.each(["get", "put", "all"])("when our command is killed during push %s", async (call) => {
    await using server = await serveWaiting();
    await using pushing = startClient(["push", call, "--addr", server.address]);
    await server.began;
    pushing.kill("SIGKILL");
    expect(await server.ended()).toBe(Code.CANCELLED);
  });

  test("when buf curl is killed", async () => {
    await using server = await serveWaiting();
    const schema = ["--schema", join(protoFolder, "push/push.proto")];
    await using curl = startBufCurl([...schema, "-d", "{}", `http://${server.address}/Greeter/GetStream`]);
    await server.began;
    curl.kill("SIGKILL");
    expect(await server.ended()).toBe(Code.CANCELLED);
  });
});

test("our server logs a cancelled call once, as CANCELLED", async () => {
  await using server = await serve("push");
  using client = createClient(Greeter, server.address);
  for await (const _ of client.getStream({})) break;
  const { level } = await server.logged(({ method, status }) => method === "/Greeter/GetStream" && status === "CANCELLED");
  expect(level).toBe("info");
  await server.stop();
  expect(server.stderr.lines.filter((line) => line.includes("GetStream"))).toHaveLength(1);
});
