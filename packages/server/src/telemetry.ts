// OpenTelemetry, loaded only if the command line asks for it.
import type { ContextValues, ServerInterceptor } from "@grpc-study/rpc";
import type { ServeRequest } from "./cli.ts";
import { StartError } from "./start-error.ts";

/** The telemetry of calls. */
export interface CallTelemetry {
  /** The outermost interceptor. */
  readonly interceptor: ServerInterceptor;
  /** The ids of a call's trace for its lines in the log; without a call, those of the active span. */
  readonly fields: (call?: { readonly values: ContextValues }) => object;
}

export interface RunningTelemetry extends CallTelemetry {
  /** Where Prometheus finds the metrics. */
  readonly metricsUrl: string | undefined;
  shutdown(): Promise<void>;
}

/**
 * Starts the SDK. Returns `undefined` unless the request asks for telemetry.
 *
 * @param onWarning receives problems of the SDK.
 * @throws StartError
 */
export async function startTelemetry(
  { otel, metrics }: Pick<ServeRequest, "otel" | "metrics">,
  onWarning: (message: string) => void,
): Promise<RunningTelemetry | undefined> {
  if (otel === undefined && metrics === undefined) return undefined;
  const [{ serverTelemetry, traceFields }, node] = await Promise.all([import("@grpc-study/otel"), import("@grpc-study/otel/node")]);
  try {
    const running = await node.startTelemetry({ serviceName: "grpc-study-server", otlp: otel, metrics, onWarning });
    const { metricsUrl } = running;
    return { interceptor: serverTelemetry(), fields: traceFields, metricsUrl, shutdown: () => running.shutdown() };
  } catch (error) {
    throw error instanceof node.TelemetryError ? new StartError(error.message, { cause: error }) : error;
  }
}
