// The options of the interceptors, and their checks.

import type { ServerCall } from "@grpc-study/rpc";
import { checkOptions, type Names, wrongType } from "@grpc-study/rpc/checks";
import type { MeterProvider, TracerProvider } from "@opentelemetry/api";

/** The descriptor of a method. */
export type Method = ServerCall["method"];

/**
 * The names of metrics: `rpc` for those of the OpenTelemetry semantic conventions, `grpc` for those
 * of gRFC A66, which the gRPC libraries of other languages record.
 */
export type MetricNames = "rpc" | "grpc";

export interface TelemetryOptions {
  /** Whether calls have spans. Default: true. */
  readonly traces?: boolean;
  /** The names of the metrics that are recorded. An empty list records none. Default: `["rpc"]`. */
  readonly metrics?: readonly MetricNames[];
  /**
   * Whether each message is an event of the span: `Inbound message` or `Outbound message`, with a
   * `sequence-number` from 0 and its `message-size` in bytes (gRFC A72). A compressed one is also
   * `Inbound compressed message` or `Outbound message compressed`, with `message-size-compressed`.
   * Default: false.
   */
  readonly messageEvents?: boolean;
  /**
   * Whether to record the size of each message in bytes, before compression:
   * `rpc.server.request.size`, `rpc.server.response.size` and their kin. It needs `rpc` in `metrics`.
   * Default: false.
   */
  readonly messageSizes?: boolean;
  /**
   * The keys of the request metadata that become attributes of the span,
   * `rpc.request.metadata.<key>`. Metadata may hold secrets. Default: none.
   */
  readonly requestMetadata?: readonly string[];
  /** Returns true for a method whose calls have no telemetry, such as probes. Default: none. */
  readonly ignore?: (method: Method) => boolean;
  /** Default: the global provider, also if it is registered later. */
  readonly tracerProvider?: TracerProvider;
  /** Default: the global provider, also if it is registered later. */
  readonly meterProvider?: MeterProvider;
}

const telemetryNames: Names<TelemetryOptions> = {
  traces: true,
  metrics: true,
  messageEvents: true,
  messageSizes: true,
  requestMetadata: true,
  ignore: true,
  tracerProvider: true,
  meterProvider: true,
};

/** The options with their defaults. */
export interface Settings {
  readonly traces: boolean;
  readonly metrics: ReadonlySet<MetricNames>;
  readonly messageEvents: boolean;
  readonly messageSizes: boolean;
  readonly requestMetadata: readonly string[];
  readonly ignore: ((method: Method) => boolean) | undefined;
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: MeterProvider | undefined;
}

/**
 * @param names the names of the options. Default: all.
 * @throws TypeError if an option does not exist or has a wrong value, or if nothing records the sizes
 *   of `messageSizes`.
 */
export function settingsFrom(where: string, options: TelemetryOptions, names: object = telemetryNames): Settings {
  checkOptions(where, options, names);
  const { traces = true, metrics = ["rpc"], messageEvents = false, messageSizes = false } = options;
  const { requestMetadata = [], ignore, tracerProvider, meterProvider } = options;
  if (typeof traces !== "boolean") throw wrongType("traces", "true or false", traces);
  if (!Array.isArray(metrics) || metrics.some((name) => name !== "rpc" && name !== "grpc"))
    throw wrongType("metrics", 'a list of "rpc" and "grpc"', metrics);
  if (typeof messageEvents !== "boolean") throw wrongType("messageEvents", "true or false", messageEvents);
  if (typeof messageSizes !== "boolean") throw wrongType("messageSizes", "true or false", messageSizes);
  if (!Array.isArray(requestMetadata) || requestMetadata.some((key) => typeof key !== "string" || key.endsWith("-bin")))
    throw wrongType("requestMetadata", "a list of keys that do not end in -bin", requestMetadata);
  if (ignore !== undefined && typeof ignore !== "function") throw wrongType("ignore", "a function", ignore);
  if (tracerProvider !== undefined && typeof tracerProvider?.getTracer !== "function")
    throw wrongType("tracerProvider", "a TracerProvider", tracerProvider);
  if (meterProvider !== undefined && typeof meterProvider?.getMeter !== "function")
    throw wrongType("meterProvider", "a MeterProvider", meterProvider);
  if (messageSizes && !metrics.includes("rpc")) throw new TypeError('messageSizes needs "rpc" in metrics');
  return {
    traces,
    metrics: new Set(metrics),
    messageEvents,
    messageSizes,
    requestMetadata: requestMetadata.map((key) => key.toLowerCase()),
    ignore,
    tracerProvider,
    meterProvider,
  };
}
