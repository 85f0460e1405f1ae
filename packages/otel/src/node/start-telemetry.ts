// Starts the SDK: OTLP by the OTEL_* variables, and an endpoint for Prometheus.
import { checkOptions, type Names, wrongType } from "@grpc-study/rpc/checks";
import type { NodeSDK } from "@opentelemetry/sdk-node";
import { type MetricsEndpoint, serveMetrics } from "./serve-metrics.ts";
import { TelemetryError } from "./telemetry-error.ts";
import { Warnings } from "./warnings.ts";

export { TelemetryError };

/** How long a shutdown may take. */
const shutdownMs = 2000;

export interface StartTelemetryOptions {
  /** The name of the service, unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` has one. */
  readonly serviceName: string;
  /**
   * Whether to export traces and metrics by OTLP, as the `OTEL_*` variables say. Their default is
   * `http://localhost:4318`. Default: false.
   */
  readonly otlp?: boolean | undefined;
  /**
   * Serves the metrics for Prometheus at `/metrics` of this `host:port`, instead of exporting them by
   * OTLP. Port 0 takes a free port. Default: not served.
   */
  readonly metrics?: string | undefined;
  /**
   * Called for problems of the SDK, such as a collector that cannot be reached: at most once a minute
   * for the same one. Default: they are not reported, unless `OTEL_LOG_LEVEL` is set.
   */
  readonly onWarning?: ((message: string) => void) | undefined;
}

const optionNames: Names<StartTelemetryOptions> = { serviceName: true, otlp: true, metrics: true, onWarning: true };

/** A running SDK. */
export interface Telemetry {
  /** The URL of the metrics, such as `http://127.0.0.1:9464/metrics`. Undefined if they are not served. */
  readonly metricsUrl: string | undefined;
  /**
   * Exports what is left, and ends the SDK. Takes 2 seconds at most, and never rejects. A collector
   * that does not answer may keep the process for 15 seconds more, unless `process.exit()` ends it.
   */
  shutdown(): Promise<void>;
}

/**
 * Starts an SDK, and registers it globally. Sets the variable `OTEL_NODE_RESOURCE_DETECTORS` of the
 * process to `env,host,os,serviceinstance`, unless it has a value: the detector `process` would export
 * the command line, which may hold secrets.
 *
 * @throws TypeError if an option is wrong. TelemetryError with one line if a package is not installed,
 * or the address of the metrics cannot be used.
 */
export async function startTelemetry(options: StartTelemetryOptions): Promise<Telemetry> {
  checkOptions("startTelemetry()", options, optionNames);
  const { serviceName, otlp = false, metrics, onWarning } = options;
  if (typeof serviceName !== "string" || serviceName === "") throw wrongType("serviceName", "a text that is not empty", serviceName);
  if (typeof otlp !== "boolean") throw wrongType("otlp", "true or false", otlp);
  if (metrics !== undefined && typeof metrics !== "string") throw wrongType("metrics", "host:port", metrics);
  if (onWarning !== undefined && typeof onWarning !== "function") throw wrongType("onWarning", "a function", onWarning);
  if (!otlp && metrics === undefined) throw new TypeError("startTelemetry() needs otlp or metrics");
  const { NodeSDK } = await load("@opentelemetry/sdk-node", () => import("@opentelemetry/sdk-node"));
  const endpoint = metrics === undefined ? undefined : await openEndpoint(metrics);
  const warnings = onWarning && process.env["OTEL_LOG_LEVEL"] === undefined ? new Warnings(onWarning) : undefined;
  process.env["OTEL_NODE_RESOURCE_DETECTORS"] ??= "env,host,os,serviceinstance";
  const sdk = new NodeSDK({
    ...(!hasServiceName() && { serviceName }),
    ...(endpoint && { metricReaders: [endpoint.reader] }),
    ...(!otlp && { spanProcessors: [] }),
    // The SDK would export logs, too, of which there are none.
    logRecordProcessors: [],
  });
  sdk.start();
  return { metricsUrl: endpoint?.url, shutdown: () => shutdown(sdk, endpoint, warnings) };
}

async function openEndpoint(address: string): Promise<MetricsEndpoint> {
  const { PrometheusExporter } = await load("@opentelemetry/exporter-prometheus", () => import("@opentelemetry/exporter-prometheus"));
  return serveMetrics(new PrometheusExporter({ preventServerStart: true }), address);
}

/** Variables take precedence over code (OpenTelemetry specification, SDK environment variables). */
function hasServiceName(): boolean {
  const { OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES = "" } = process.env;
  return Boolean(OTEL_SERVICE_NAME) || /(?:^|,)\s*service\.name\s*=/.test(OTEL_RESOURCE_ATTRIBUTES);
}

/** A collector that is gone must not keep a command from its end. */
async function shutdown(sdk: NodeSDK, endpoint: MetricsEndpoint | undefined, warnings: Warnings | undefined): Promise<void> {
  warnings?.reportOneMore();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      warnings?.report(`the last spans and metrics are lost: the collector did not answer within ${shutdownMs / 1000} s`);
      resolve();
    }, shutdownMs);
  });
  await Promise.race([Promise.allSettled([sdk.shutdown(), endpoint?.close()]), timeout]);
  clearTimeout(timer);
}

async function load<Module>(name: string, run: () => Promise<Module>): Promise<Module> {
  try {
    return await run();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new TelemetryError(`${name} is not installed: npm install @opentelemetry/api ${name}`, { cause });
  }
}
