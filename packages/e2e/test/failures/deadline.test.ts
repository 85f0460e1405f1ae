// The deadline of a call expires.

import { createClient as createConnectClient } from "@connectrpc/connect";
import { Greeter } from "@grpc-study/proto/push";
import { Code, createClient, implement, type RpcError } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { addressOf } from "../harness/address-of.ts";
import { client } from "../harness/client.ts";
import { serveRpc } from "../harness/rpc-server.ts";
import { serve } from "../harness/server.ts";
import { type ConnectCode, createTransport } from "../peers/connect-node.ts";
import { callRaw } from "../peers/http2.ts";
import { createLoaderClient, loadMethod } from "../peers/proto-loader.ts";

test("our client's command reports an expired deadline on one line", async () => {
  expect(await client(["hello-stream", "--timeout", "300ms", "--addr", addressOf("hello-stream")])).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^DEADLINE_EXCEEDED: .+\n$/),
  });
});

test("our client's command prints the responses that arrived before the deadline", async () => {
  const { status, stdout, stderr } = await client(["push", "get", "--timeout", "1500ms", "--addr", addressOf("push")]);
  expect(status).toBe(1);
  expect(stdout).toMatch(/^(data:"\d{10}"\n){1,2}$/);
  expect(stderr).toMatch(/^DEADLINE_EXCEEDED: .+\n$/);
});

test("our server ends and logs a call at its deadline, even if the client stays passive", async () => {
  await using server = await serve("push");
  const { trailers, body } = await callRaw(server.address, "/Greeter/GetStream", { "grpc-timeout": "500m" });
  expect(trailers).toMatchObject({ "grpc-status": `${Code.DEADLINE_EXCEEDED}` });
  expect(body.length).toBeGreaterThan(5);
  await server.logged(({ method, status }) => method === "/Greeter/GetStream" && status === "DEADLINE_EXCEEDED");
});

test.each(["our", "a connect-node", "a proto-loader", "a passive"])(
  "the handler knows the deadline of %s client, and its signal aborts then",
  async (whose) => {
    const observed = Promise.withResolvers<{ leftMs: number; reason: RpcError; tookMs: number }>();
    await using server = await serveRpc([
      implement(Greeter, {
        async *getStream(_request, { deadline, signal }) {
          const start = Date.now();
          yield {};
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          observed.resolve({ leftMs: Number(deadline) - start, reason: signal.reason, tookMs: Date.now() - start });
        },
      }),
    ]);
    expect(await callWithDeadline(whose, server.address, 1_000)).toBe(Code.DEADLINE_EXCEEDED);
    const { leftMs, reason, tookMs } = await observed.promise;
    // The client resets the stream at its deadline. The reset may arrive before the server's own
    // timer fires.
    expect(whose === "a passive" ? [Code.DEADLINE_EXCEEDED] : [Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain(reason.code);
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(1_010);
    expect(tookMs).toBeLessThan(5_000);
  },
);

/** Reads GetStream to its end, and returns the status code. */
async function callWithDeadline(whose: string, address: string, timeoutMs: number): Promise<number> {
  if (whose === "a passive") {
    const { trailers } = await callRaw(address, "/Greeter/GetStream", { "grpc-timeout": `${timeoutMs}m` });
    return Number(trailers["grpc-status"]);
  }
  if (whose === "our") {
    using client = createClient(Greeter, address);
    const stream = client.getStream({}, { timeoutMs });
    await stream.recv();
    return await stream.recv().then(
      () => Code.OK,
      ({ code }: RpcError) => code,
    );
  }
  if (whose === "a connect-node") {
    using transport = createTransport(address);
    try {
      for await (const _ of createConnectClient(Greeter, transport).getStream({}, { timeoutMs }));
      return Code.OK;
    } catch (error) {
      return (error as { code: ConnectCode }).code;
    }
  }
  using client = createLoaderClient(address);
  const { path, requestSerialize, responseDeserialize } = loadMethod(Greeter.method.getStream);
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {}, { deadline: Date.now() + timeoutMs });
  call.on("data", () => {});
  call.on("error", () => {});
  return await new Promise((resolve) => call.on("status", ({ code }) => resolve(code)));
}
