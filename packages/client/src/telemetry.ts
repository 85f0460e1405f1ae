// OpenTelemetry, loaded only if the command line asks for it.
import type { ClientInterceptor } from "@grpc-study/rpc";

export interface ClientTelemetry extends AsyncDisposable {
  readonly interceptor: ClientInterceptor;
}

/** Starts the SDK, which exports by OTLP. It exports what is left when it is disposed. */
export async function startTelemetry(): Promise<ClientTelemetry> {
  const [{ clientTelemetry }, node] = await Promise.all([import("@grpc-study/otel"), import("@grpc-study/otel/node")]);
  const onWarning = (message: string) => process.stderr.write(`warning: ${message}\n`);
  const running = await node.startTelemetry({ serviceName: "grpc-study-client", otlp: true, onWarning });
  const shutdown = async () => {
    await running.shutdown();
    // The process ends by itself, or a second later if an export without an answer keeps it.
    setTimeout(() => process.exit(), 1000).unref();
  };
  return { interceptor: clientTelemetry(), [Symbol.asyncDispose]: shutdown };
}
