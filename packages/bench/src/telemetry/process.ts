// A process with a server whose calls have telemetry, or have none.
import { serverTelemetry } from "@grpc-study/otel";
import { createServer, implement, type ServerInterceptor } from "@grpc-study/rpc";
import { context, metrics, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { AlwaysOffSampler, BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { Bench } from "../../gen/es/bench/bench_pb.js";
import { hello } from "../messages/values.ts";
import type { Serve } from "../process/hosted.ts";

/** What observes the calls of a server. */
export const telemetries = ["nothing", "an observer", "no SDK", "metrics", "not sampled", "traces and metrics"] as const;
export type Telemetry = (typeof telemetries)[number];

/** Does the least that an interceptor can do. */
const observer: ServerInterceptor = (call, next) => {
  call.onEnd(() => {});
  return next();
};

/** Drops the spans: the export is the work of another process. */
const exporter: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
};

function register(telemetry: Telemetry): void {
  if (!["metrics", "not sampled", "traces and metrics"].includes(telemetry)) return;
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 1e9 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  if (telemetry === "metrics") return;
  const spanProcessors = [new BatchSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors, ...(telemetry === "not sampled" && { sampler: new AlwaysOffSampler() }) }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
}

export const serve: Serve<Telemetry, number> = async (telemetry) => {
  register(telemetry);
  const interceptors = telemetry === "nothing" ? [] : [telemetry === "an observer" ? observer : serverTelemetry()];
  const server = createServer({ interceptors });
  server.add(
    implement(Bench, {
      say: ({ name }) => ({ name }),
      *count({ count }) {
        for (let i = 0; i < count; i++) yield hello;
      },
    }),
  );
  return { ready: (await server.listen("127.0.0.1:0")).port };
};
