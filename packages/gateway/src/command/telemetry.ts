// OpenTelemetry, which is an optional peer: loaded only if the command line asks for it.
import type { GatewayObserver } from "../observe.ts";
import type { CommandOptions } from "./cli.ts";
import { UsageError } from "./upstream-server.ts";

export interface CommandTelemetry {
  readonly observe: GatewayObserver;
  /** Where Prometheus finds the metrics. */
  readonly metricsUrl: string | undefined;
  shutdown(): Promise<void>;
}

/**
 * Starts the SDK. Returns `undefined` unless the command line asks for telemetry.
 *
 * @param onWarning receives problems of the SDK.
 * @throws UsageError
 */
export async function startTelemetry(
  { otel, metrics }: CommandOptions,
  onWarning: (message: string) => void,
): Promise<CommandTelemetry | undefined> {
  if (otel === undefined && metrics === undefined) return undefined;
  const [{ gatewayTelemetry }, node] = await load(otel === undefined ? "--metrics" : "--otel");
  try {
    const running = await node.startTelemetry({ serviceName: "grpc-study-gateway", otlp: otel, metrics, onWarning });
    return { observe: gatewayTelemetry(), metricsUrl: running.metricsUrl, shutdown: () => running.shutdown() };
  } catch (error) {
    throw error instanceof node.TelemetryError ? new UsageError(error.message, { cause: error }) : error;
  }
}

async function load(option: string) {
  try {
    return await Promise.all([import("@grpc-study/otel/gateway"), import("@grpc-study/otel/node")]);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const packages = "@grpc-study/otel @opentelemetry/api @opentelemetry/sdk-node @opentelemetry/exporter-prometheus";
    throw new UsageError(`${option} needs packages that are not installed: npm install ${packages}`, { cause });
  }
}
