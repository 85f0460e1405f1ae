// Each call has one client span and one server span, whatever its kind and its end.
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { clientTelemetry } from "../src/index.ts";
import { EchoService, everyWay, handlersOf, kindNames, kinds, methodOf, start, until } from "./harness.ts";
import { registerSdk, type TestSdk } from "./sdk.ts";

const { ERROR, UNSET } = SpanStatusCode;

interface Expected {
  readonly client: string;
  readonly server: string;
  /** Whether the span of the server is an error. That of the client is one for each code but OK. */
  readonly serverError: boolean;
}

/** The only two spans, once both have ended. */
async function pairOf(sdk: TestSdk) {
  await until(() => sdk.spans.length >= 2);
  // A span too many would come about now.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(sdk.spans.length).toBe(2);
  const [client] = sdk.spans.filter(({ kind }) => kind === SpanKind.CLIENT);
  const [server] = sdk.spans.filter(({ kind }) => kind === SpanKind.SERVER);
  if (client === undefined || server === undefined) throw new Error("the spans are not of a client and a server");
  return { client, server };
}

async function expectPair(sdk: TestSdk, method: string, { client: clientCode, server: serverCode, serverError }: Expected) {
  const { client, server } = await pairOf(sdk);
  expect(client.name).toBe(method);
  expect(server.name).toBe(method);
  expect(server.spanContext().traceId).toBe(client.spanContext().traceId);
  expect(server.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
  expect(client.attributes).toMatchObject({ "rpc.system.name": "grpc", "rpc.method": method, "rpc.status_code": clientCode });
  expect(server.attributes).toMatchObject({ "rpc.system.name": "grpc", "rpc.method": method, "rpc.status_code": serverCode });
  expect(client.attributes["error.type"]).toBe(clientCode === "OK" ? undefined : clientCode);
  expect(server.attributes["error.type"]).toBe(serverError ? serverCode : undefined);
  expect(client.status.code).toBe(clientCode === "OK" ? UNSET : ERROR);
  expect(server.status.code).toBe(serverError ? ERROR : UNSET);
}

const forever = () => new Promise<string>(() => {});

describe.each(everyWay)("$kind over $transport", ({ transport, kind }) => {
  const method = methodOf(kind);

  test("a call that succeeds", async () => {
    const sdk = registerSdk();
    const { client } = await start(
      transport,
      handlersOf(() => "x"),
    );
    await kinds[kind](client);
    await expectPair(sdk, method, { client: "OK", server: "OK", serverError: false });
  });

  test("a normal error of the handler is an error for the client only", async () => {
    const sdk = registerSdk();
    const { client } = await start(
      transport,
      handlersOf(() => {
        throw new RpcError(Code.NOT_FOUND, "no such thing");
      }),
    );
    await expect(kinds[kind](client)).rejects.toThrow("no such thing");
    await expectPair(sdk, method, { client: "NOT_FOUND", server: "NOT_FOUND", serverError: false });
  });

  test("a fault of the handler is an error for both, and the server's span has the exception", async () => {
    const sdk = registerSdk();
    const { client } = await start(
      transport,
      handlersOf(() => {
        throw new Error("a fault");
      }),
    );
    await expect(kinds[kind](client)).rejects.toThrow("internal error");
    await expectPair(sdk, method, { client: "INTERNAL", server: "INTERNAL", serverError: true });
    const { client: clientSpan, server: serverSpan } = await pairOf(sdk);
    expect(serverSpan.events.map(({ attributes }) => attributes?.["exception.message"])).toEqual(["a fault"]);
    expect(clientSpan.events).toEqual([]);
  });

  test("a cancelled call", async () => {
    const sdk = registerSdk();
    const controller = new AbortController();
    const { client } = await start(
      transport,
      handlersOf(() => {
        controller.abort();
        return forever();
      }),
    );
    await expect(kinds[kind](client, { signal: controller.signal })).rejects.toMatchObject({ code: Code.CANCELLED });
    await expectPair(sdk, method, { client: "CANCELLED", server: "CANCELLED", serverError: false });
  });

  test("a call whose deadline passes", async () => {
    const sdk = registerSdk();
    const { client } = await start(transport, handlersOf(forever));
    await expect(kinds[kind](client, { timeoutMs: 300 })).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    const { server } = await pairOf(sdk);
    // The server may see the reset of the client before its own deadline.
    const cancelled = server.attributes["rpc.status_code"] === "CANCELLED";
    const code = cancelled ? "CANCELLED" : "DEADLINE_EXCEEDED";
    await expectPair(sdk, method, { client: "DEADLINE_EXCEEDED", server: code, serverError: !cancelled });
  });

  test("a call that a shutdown of the server ends", async () => {
    const sdk = registerSdk();
    const { client, server } = await start(
      transport,
      handlersOf(() => {
        void server.shutdown({ graceMs: 0, abortMs: 0 });
        return forever();
      }),
    );
    await expect(kinds[kind](client)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    await expectPair(sdk, method, { client: "UNAVAILABLE", server: "UNAVAILABLE", serverError: true });
  });
});

test.each(kindNames)("%s: both spans name the server and the peer of the connection", async (kind) => {
  const sdk = registerSdk();
  const { client, channel } = await start(
    "http2",
    handlersOf(() => "x"),
  );
  await kinds[kind](client);
  const { client: clientSpan, server: serverSpan } = await pairOf(sdk);
  const port = Number(channel.target.split(":").at(-1));
  const server = { "server.address": "127.0.0.1", "server.port": port };
  expect(clientSpan.attributes).toMatchObject({ ...server, "network.peer.address": "127.0.0.1", "network.peer.port": port });
  expect(serverSpan.attributes).toMatchObject({ ...server, "network.peer.address": "127.0.0.1" });
  expect(serverSpan.attributes["network.peer.port"]).not.toBe(port);
});

test.each(kindNames)("%s: a call without a server has a client span", async (kind) => {
  const sdk = registerSdk();
  using client = createClient(EchoService, "127.0.0.1:1", { interceptors: [clientTelemetry()] });
  await expect(kinds[kind](client)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  expect(sdk.spans.map(({ kind, attributes }) => ({ kind, attributes }))).toEqual([
    {
      kind: SpanKind.CLIENT,
      attributes: {
        "rpc.system.name": "grpc",
        "rpc.method": methodOf(kind),
        "server.address": "127.0.0.1",
        "server.port": 1,
        "rpc.status_code": "UNAVAILABLE",
        "error.type": "UNAVAILABLE",
      },
    },
  ]);
});

test.each(["serverStream", "bidiStream"] as const)("%s: a caller that leaves a stream early ends both spans", async (kind) => {
  const sdk = registerSdk();
  const { client } = await start(
    "http2",
    handlersOf(() => "x"),
  );
  const responses = kind === "serverStream" ? client.serverStream({}) : client.bidiStream([{}, {}, {}]);
  for await (const _ of responses) break;
  const { client: clientSpan } = await pairOf(sdk);
  expect(clientSpan.attributes["rpc.status_code"]).toBe("CANCELLED");
});
