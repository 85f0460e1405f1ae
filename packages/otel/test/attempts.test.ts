// The attempts of a call are spans inside the span of the call.
import { Code, type ConnectOptions, createClient, createServer, implement, RpcError } from "@grpc-study/rpc";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import { clientTelemetry, serverTelemetry, type TelemetryOptions } from "../src/index.ts";
import { EchoService, handlersOf, kindNames, kinds, methodOf, until } from "./harness.ts";
import { registerSdk, type TestSdk } from "./sdk.ts";

async function start(handlers: ReturnType<typeof handlersOf>, options: ConnectOptions, telemetry: TelemetryOptions = {}) {
  const server = createServer({ interceptors: [serverTelemetry()] });
  server.add(implement(EchoService, handlers));
  const { address } = await server.listen("127.0.0.1:0");
  const client = createClient(EchoService, address, { ...options, interceptors: [clientTelemetry(telemetry)] });
  onTestFinished(async () => {
    client[Symbol.dispose]();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  return { client, address };
}

function spansOf({ spans }: TestSdk) {
  const attempts = spans.filter(({ name }) => name.startsWith("Attempt.")).sort((a, b) => previousOf(a) - previousOf(b));
  const servers = spans.filter(({ kind }) => kind === SpanKind.SERVER);
  const calls = spans.filter((span) => !attempts.includes(span) && !servers.includes(span));
  return { attempts, servers, calls };
}

function previousOf({ attributes }: { readonly attributes: Record<string, unknown> }): number {
  return Number(attributes["previous-rpc-attempts"]);
}

test.each(kindNames)("%s: three attempts of one call", async (kind) => {
  const sdk = registerSdk();
  let count = 0;
  const { client, address } = await start(
    handlersOf(() => {
      if (++count < 3) throw new RpcError(Code.UNAVAILABLE, "not yet");
      return "x";
    }),
    { retry: { codes: ["UNAVAILABLE"], maxAttempts: 5, initialBackoffMs: 1 } },
  );
  await kinds[kind](client);
  await until(() => sdk.spans.length === 7);
  const { attempts, servers, calls } = spansOf(sdk);
  const [call] = calls;
  expect(calls.map(({ attributes }) => attributes["rpc.status_code"])).toEqual(["OK"]);
  expect(attempts.map(({ name }) => name)).toEqual(Array.from({ length: 3 }, () => `Attempt.${methodOf(kind)}`));
  expect(attempts.map(({ attributes }) => attributes["rpc.status_code"])).toEqual(["UNAVAILABLE", "UNAVAILABLE", "OK"]);
  expect(attempts.map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.ERROR, SpanStatusCode.UNSET]);
  expect(attempts.map(previousOf)).toEqual([0, 1, 2]);
  expect(attempts.map(({ attributes }) => attributes["network.peer.port"])).toEqual(
    Array.from({ length: 3 }, () => Number(address.split(":").at(-1))),
  );
  // Inside the call, each linked to the one before, and each the parent of a server's span.
  expect(attempts.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
    Array.from({ length: 3 }, () => call?.spanContext().spanId),
  );
  const ids = attempts.map((span) => span.spanContext().spanId);
  expect(attempts.map(({ links }) => links.map(({ context }) => context.spanId))).toEqual([[], [ids[0]], [ids[1]]]);
  expect(new Set(servers.map(({ parentSpanContext }) => parentSpanContext?.spanId))).toEqual(new Set(ids));
});

test("a hedge that loses is a cancelled span", async () => {
  const sdk = registerSdk();
  let count = 0;
  const { client } = await start(
    handlersOf(() => (++count === 1 ? new Promise<string>(() => {}) : "x")),
    { methods: [{ service: EchoService, hedging: { maxAttempts: 2, delayMs: 10 } }] },
  );
  await client.unary({});
  await until(() => sdk.spans.length === 5);
  expect(spansOf(sdk).attempts.map(({ attributes }) => attributes["rpc.status_code"])).toEqual(["CANCELLED", "OK"]);
  expect(new Set(sdk.spans.map((span) => span.spanContext().traceId)).size).toBe(1);
});

test("a call without a policy has no spans of attempts", async () => {
  const sdk = registerSdk();
  const { client } = await start(
    handlersOf(() => "x"),
    {},
  );
  await client.unary({});
  await until(() => sdk.spans.length === 2);
  expect(spansOf(sdk).attempts).toEqual([]);
});

test.each(kindNames)("%s: each attempt is measured by the names of gRFC A66", async (kind) => {
  const sdk = registerSdk();
  let count = 0;
  const { client } = await start(
    handlersOf(() => {
      if (++count < 3) throw new RpcError(Code.UNAVAILABLE, "not yet");
      return "x";
    }),
    { retry: { codes: ["UNAVAILABLE"], maxAttempts: 5, initialBackoffMs: 1 } },
    { metrics: ["grpc"], messageEvents: true },
  );
  await kinds[kind](client);
  await until(() => sdk.spans.length === 7);
  const points = await sdk.points();
  expect(points.find(({ name }) => name === "grpc.client.attempt.started")).toMatchObject({ value: 3 });
  const counts = points
    .filter(({ name }) => name === "grpc.client.attempt.duration")
    .map(({ attributes, value }) => [attributes["grpc.status"], (value as { count: number }).count]);
  expect(Object.fromEntries(counts)).toEqual({ UNAVAILABLE: 2, OK: 1 });
  expect(points.find(({ name }) => name === "grpc.client.call.duration")).toMatchObject({ value: { count: 1 } });
  // Each attempt sends its requests, and only the last one receives something.
  const sizes = (name: string) =>
    points
      .filter((point) => point.name === `grpc.client.attempt.${name}_total_compressed_message_size`)
      .map(({ attributes, value }) => [attributes["grpc.status"], (value as { sum: number }).sum]);
  const requests = kind === "clientStream" || kind === "bidiStream" ? 2 : 1;
  const responses = kind === "serverStream" || kind === "bidiStream" ? 2 : 1;
  expect(Object.fromEntries(sizes("sent"))).toEqual({ UNAVAILABLE: 2 * 3 * requests, OK: 3 * requests });
  expect(Object.fromEntries(sizes("rcvd"))).toEqual({ UNAVAILABLE: 0, OK: 3 * responses });
  // The messages are events of the attempts, and not of the call.
  const events = new Map(sdk.spans.map(({ name, attributes, events }) => [`${name} ${attributes["previous-rpc-attempts"] ?? ""}`, events]));
  expect(events.get(`Attempt.${methodOf(kind)} 0`)?.map(({ name }) => name)).toEqual(Array(requests).fill("Outbound message"));
  expect(events.get(`Attempt.${methodOf(kind)} 2`)).toHaveLength(requests + responses);
});
