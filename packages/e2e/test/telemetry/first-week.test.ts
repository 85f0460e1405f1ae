// The service of the guide "The first week": its interceptors together, as a collector sees them.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Span_SpanKind } from "../../gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { guideProject } from "../examples/guide-project.ts";
import { cannotRun, type Workplace } from "../examples/workplace.ts";
import { until } from "../harness/until.ts";
import { type OtlpReceiver, type Span, startOtlpReceiver } from "./otlp-receiver.ts";

const started = new AsyncDisposableStack();
let collector: OtlpReceiver;
let workplace: Workplace;

describe.skipIf(cannotRun)("docs/guides/first-week/all-in-one.md", () => {
  beforeAll(async () => {
    collector = started.use(await startOtlpReceiver());
    workplace = await guideProject(started, ["getting-started", "first-week/probes", "first-week/all-in-one"]);
  }, 60_000);
  afterAll(() => started.disposeAsync());

  test("has a span for each call, rejected ones too, and the calls that a handler makes are its children", {
    timeout: 60_000,
  }, async () => {
    const variables = Object.entries(collector.env).map((pair) => pair.join("="));
    await workplace.keepRunning("node server.ts", "listening on 127.0.0.1:50051\n");
    await workplace.keepRunning(`env ${variables.join(" ")} node --env-file=service.env service.ts`, "listening on 127.0.0.1:50052\n");
    await workplace.runCommand("node --env-file=service.env call.ts | tail -1", "Hello mei\n");
    const clients = () => collector.spans.filter(({ kind }) => kind === Span_SpanKind.CLIENT);
    const servedWith = (code: string) =>
      collector.spans.filter(({ kind, attributes }) => kind === Span_SpanKind.SERVER && attributes["rpc.status_code"] === code);
    await until(() => servedWith("OK").length === 7 && clients().length >= 14);
    expect(servedWith("UNAUTHENTICATED")).toHaveLength(1);
    expect(servedWith("PERMISSION_DENIED")).toHaveLength(1);
    // Seven calls at once are two more than the rate allows.
    expect(servedWith("RESOURCE_EXHAUSTED").length).toBeGreaterThanOrEqual(2);
    // Each served call has one call to the greeter as its child, which has its attempt as a child.
    const childrenOf = (parents: readonly Span[]) =>
      parents.map(({ spanId, traceId }) => clients().filter((span) => span.parentId === spanId && span.traceId === traceId));
    const calls = childrenOf(servedWith("OK"));
    expect(calls.map(({ length }) => length)).toEqual(Array(7).fill(1));
    expect(childrenOf(calls.flat()).map(({ length }) => length)).toEqual(Array(7).fill(1));
  });
});
