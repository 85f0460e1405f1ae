// @grpc-study/otel: OpenTelemetry traces and metrics for the calls of @grpc-study/rpc.

export { clientTelemetry } from "./client.ts";
export type { MetricNames, TelemetryOptions } from "./options.ts";
export { serverTelemetry } from "./server.ts";
export { type TraceFields, traceFields } from "./trace-fields.ts";
