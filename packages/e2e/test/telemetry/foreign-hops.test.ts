// A trace that begins and ends in programs that are not ours, with a handler of ours between them.

import { clientTelemetry, serverTelemetry } from "@grpc-study/otel";
import { startTelemetry } from "@grpc-study/otel/node";
import { type ClientInterceptor, createChannel, createClient, implement, type ServerInterceptor } from "@grpc-study/rpc";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { Span_SpanKind } from "../../gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { type Begun, peers } from "../harness/hops.ts";
import { serveRpc } from "../harness/rpc-server.ts";
import { until } from "../harness/until.ts";
import { type OtlpReceiver, startOtlpReceiver } from "./otlp-receiver.ts";

const started = new AsyncDisposableStack();
let collector: OtlpReceiver;

beforeAll(async () => {
  collector = started.use(await startOtlpReceiver());
  for (const [name, value] of Object.entries(collector.env)) vi.stubEnv(name, value);
  const telemetry = await startTelemetry({ serviceName: "ours", otlp: true });
  started.defer(() => telemetry.shutdown());
});
afterAll(async () => {
  await started.disposeAsync();
  vi.unstubAllEnvs();
});

const first = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

describe.each(peers)("$peer", ({ installed, start }) => {
  /** Calls the last hop through our handler, until the first hop cancels. Resolves with what the last hop received. */
  async function traceparentOf(server: readonly ServerInterceptor[], client: readonly ClientInterceptor[]) {
    await using stack = new AsyncDisposableStack();
    const last = stack.use(start("server"));
    await last.stdout.count(1);
    const channel = stack.adopt(createChannel(`127.0.0.1:${last.stdout.lines[0]}`), (channel) => channel.close());
    const inner = createClient(TestService, channel, { interceptors: client });
    const handlers = implement(TestService, { emptyCall: (request) => inner.emptyCall(request) });
    const ours = stack.use(await serveRpc([handlers], { interceptors: server }));
    const caller = stack.use(start("client", ours.address, "60000"));
    await last.stdout.count(2);
    caller.stdin.write("cancel\n");
    await Promise.all([caller.stdout.count(1), last.stdout.count(3)]);
    return (JSON.parse(last.stdout.lines[1] ?? "") as Begun).metadata["traceparent"];
  }

  test.runIf(installed)("its trace goes through our server span and our client span to the last hop", async () => {
    const received = await traceparentOf([serverTelemetry()], [clientTelemetry()]);
    const [, traceId, spanId] = received?.split("-") ?? [];
    expect(traceId).toBe(first.traceId);
    const clients = () => collector.spans.filter((span) => span.spanId === spanId);
    const servers = () => collector.spans.filter((span) => span.spanId === clients()[0]?.parentId);
    await until(() => servers().length > 0);
    const attributes = { "rpc.status_code": "CANCELLED" };
    expect(clients()).toMatchObject([{ kind: Span_SpanKind.CLIENT, traceId, attributes }]);
    expect(servers()).toMatchObject([{ kind: Span_SpanKind.SERVER, traceId, parentId: first.spanId, attributes }]);
  });

  test.runIf(installed)("without telemetry in the middle, the last hop continues the span of the first", async () => {
    expect(await traceparentOf([], [])).toBe(`00-${first.traceId}-${first.spanId}-01`);
  });
});
