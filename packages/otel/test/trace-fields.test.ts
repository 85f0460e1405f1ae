// The ids of a trace for logs: of the active span, and of a call.
import { type Context, createClient, createServer, implement } from "@grpc-study/rpc";
import { SpanKind, trace } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import { gatewayTelemetry } from "../src/gateway.ts";
import { serverTelemetry, traceFields } from "../src/index.ts";
import { EchoService, until } from "./harness.ts";
import { registerSdk } from "./sdk.ts";

test("without a span, there are no fields", () => {
  expect(traceFields()).toEqual({});
  registerSdk();
  expect(traceFields()).toEqual({});
});

test("a request of a gateway whose span has no valid ids has no fields", () => {
  // Without an SDK, the global tracer creates spans of zeros.
  const observe = gatewayTelemetry({ metrics: [], tracerProvider: { getTracer: () => trace.getTracer("none") } });
  expect(observe({ method: "GET", path: "/", headers: {}, addresses: [] } as never, "http").logFields).toEqual({});
});

test("the fields are those of the active span", () => {
  registerSdk();
  trace.getTracer("test").startActiveSpan("one", (span) => {
    const { traceId, spanId } = span.spanContext();
    expect(traceFields()).toEqual({ trace_id: traceId, span_id: spanId });
    span.end();
  });
});

test("the context of a call has the fields of its span, in the handler and in onError, which runs outside", async () => {
  const sdk = registerSdk();
  const seen: object[] = [];
  const server = createServer({
    interceptors: [serverTelemetry()],
    onError: (_error, call) => seen.push(traceFields(call)),
  });
  server.add(
    implement(EchoService, {
      unary: async (_request, context: Context) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        seen.push(traceFields(), traceFields(context));
        throw new Error("a fault");
      },
    }),
  );
  onTestFinished(async () => {
    await server.shutdown({ graceMs: 0 });
  });
  const { address } = await server.listen("127.0.0.1:0");
  using client = createClient(EchoService, address);
  await expect(client.unary({})).rejects.toThrow();
  await until(() => sdk.spans.length === 1);
  const [span] = sdk.spans;
  expect(span?.kind).toBe(SpanKind.SERVER);
  const ids = { trace_id: span?.spanContext().traceId, span_id: span?.spanContext().spanId };
  expect(seen).toEqual([ids, ids, ids]);
});
