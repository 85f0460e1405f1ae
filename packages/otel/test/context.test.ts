// Handlers, and the calls that they make, are inside the trace of their caller.
import { createClient, createServer, implement } from "@grpc-study/rpc";
import { context, propagation, SpanKind, trace } from "@opentelemetry/api";
import { AlwaysOffSampler, type ReadableSpan } from "@opentelemetry/sdk-trace";
import { expect, onTestFinished, test } from "vitest";
import { clientTelemetry, serverTelemetry } from "../src/index.ts";
import { EchoService, everyWay, handlersOf, kinds, start, transports, until } from "./harness.ts";
import { registerSdk } from "./sdk.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const activeSpanId = () => trace.getActiveSpan()?.spanContext().spanId;

test.each(everyWay)("all steps of a handler run in the context of its span: $kind over $transport", async ({ transport, kind }) => {
  const sdk = registerSdk();
  const seen: (string | undefined)[] = [];
  const { client } = await start(
    transport,
    handlersOf(async () => {
      seen.push(activeSpanId());
      await sleep(1);
      seen.push(activeSpanId());
      return "x";
    }),
  );
  await kinds[kind](client);
  await until(() => sdk.spans.length === 2);
  const server = sdk.spans.find(({ kind }) => kind === SpanKind.SERVER);
  // The streams respond twice.
  expect(seen.length).toBe(kind.endsWith("Stream") && kind !== "clientStream" ? 4 : 2);
  expect(new Set(seen)).toEqual(new Set([server?.spanContext().spanId]));
});

test.each(transports)("a handler's `finally` runs in the context of its span after a cancel over %s", async (transport) => {
  registerSdk();
  let before: string | undefined;
  let after: string | undefined = "not run";
  const { client } = await start(transport, {
    async *serverStream() {
      before = activeSpanId();
      try {
        for (;;) {
          yield { text: "x" };
          await sleep(1);
        }
      } finally {
        after = activeSpanId();
      }
    },
  });
  for await (const _ of client.serverStream({})) break;
  await until(() => after !== "not run");
  expect(before).toBeDefined();
  expect(after).toBe(before);
});

test.each(transports)("calls at the same time do not see each other's span over %s", async (transport) => {
  registerSdk();
  const spans = new Map<string, Set<string | undefined>>();
  const { client } = await start(transport, {
    async *bidiStream(requests) {
      for await (const { text } of requests) {
        const seen = spans.get(text) ?? new Set();
        spans.set(text, seen);
        seen.add(activeSpanId());
        await sleep(Math.random() * 3);
        yield { text };
        seen.add(activeSpanId());
      }
    },
  });
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => Array.fromAsync(client.bidiStream(Array.from({ length: 5 }, () => ({ text: String(i) }))))),
  );
  expect([...spans.values()].map((seen) => seen.size)).toEqual(Array.from({ length: 20 }, () => 1));
  expect(new Set([...spans.values()].flatMap((seen) => [...seen])).size).toBe(20);
});

test.each(everyWay)("three hops are one trace: $kind over $transport", async ({ transport, kind }) => {
  const sdk = registerSdk();
  const back = await start(
    transport,
    handlersOf(() => propagation.getActiveBaggage()?.getEntry("tenant")?.value ?? "no baggage"),
  );
  const middle = await start(
    transport,
    handlersOf(async () => (await back.client.unary({})).text),
  );
  const tracer = trace.getTracer("test");
  const responses = await tracer.startActiveSpan("front", async (front) => {
    const baggage = propagation.createBaggage({ tenant: { value: "acme" } });
    const result = await context.with(propagation.setBaggage(context.active(), baggage), () => kinds[kind](middle.client));
    front.end();
    return result;
  });
  const hops = kind === "serverStream" || kind === "bidiStream" ? 2 : 1;
  const count = 1 + 2 + 2 * hops;
  await until(() => sdk.spans.length >= count);
  expect(sdk.spans.length).toBe(count);
  expect(new Set(sdk.spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  expect([responses].flat().map(({ text }) => text)).toEqual(Array.from({ length: hops }, () => "acme"));
  const back1 = sdk.spans.find(({ name, kind }) => name === "echo.v1.EchoService/Unary" && kind === SpanKind.SERVER && true);
  expect(ancestors(sdk.spans, back1).at(-1)).toBe("front");
});

/** The names from a span to the root. */
function ancestors(spans: readonly ReadableSpan[], span: ReadableSpan | undefined): string[] {
  if (span === undefined) return [];
  const parent = spans.find((each) => each.spanContext().spanId === span.parentSpanContext?.spanId);
  return [span.name, ...ancestors(spans, parent)];
}

test("a server that began to listen inside a span does not put its calls into that span", async () => {
  const sdk = registerSdk();
  const server = createServer({ interceptors: [serverTelemetry()] });
  server.add(implement(EchoService, { unary: ({ text }) => ({ text }) }));
  onTestFinished(async () => {
    await server.shutdown({ graceMs: 0 });
  });
  const { address } = await trace.getTracer("test").startActiveSpan("boot", async (span) => {
    const bound = await server.listen("127.0.0.1:0");
    span.end();
    return bound;
  });
  using client = createClient(EchoService, address);
  await client.unary({});
  await until(() => sdk.spans.length === 2);
  expect(sdk.spans.find(({ kind }) => kind === SpanKind.SERVER)?.parentSpanContext).toBeUndefined();
});

test("in process, a call without a client interceptor continues the trace of its caller", async () => {
  const sdk = registerSdk();
  const { server } = await start("in process", { unary: ({ text }) => ({ text }) });
  using client = createClient(EchoService, server.channel());
  await trace.getTracer("test").startActiveSpan("front", async (span) => {
    await client.unary({});
    span.end();
  });
  await until(() => sdk.spans.length === 2);
  const [inner, outer] = sdk.spans;
  expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
});

test("a trace that is not sampled stays so, and its context travels on", async () => {
  const sdk = registerSdk(new AlwaysOffSampler());
  let received: string | undefined;
  const { client } = await start("http2", {
    unary: (_request, { metadata }) => {
      received = metadata.get("traceparent");
      return {};
    },
  });
  await client.unary({});
  expect(received).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(sdk.spans).toEqual([]);
});

test("the caller's metadata object stays unchanged", async () => {
  registerSdk();
  const { channel } = await start("http2", { unary: ({ text }) => ({ text }) });
  const client = createClient(EchoService, channel, { interceptors: [clientTelemetry()] });
  const metadata = { "x-user": "42" };
  await client.unary({}, { metadata });
  expect(metadata).toEqual({ "x-user": "42" });
});
