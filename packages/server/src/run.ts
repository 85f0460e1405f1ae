// One run of the command, from its arguments to the last signal.
import cluster from "node:cluster";
import { constants } from "node:os";
import { printable } from "@grpc-study/command/printable";
import { createLogger, hasColour, type Logger } from "@grpc-study/log";
import type { ServeRequest } from "./cli.ts";
import { nextSteps } from "./next-steps.ts";
import type { Serving } from "./serve.ts";
import { start } from "./start.ts";
import { StartError } from "./start-error.ts";
import { formatTable } from "./table.ts";
import { type CallTelemetry, startTelemetry } from "./telemetry.ts";
import { serveAsWorker, supervise } from "./workers.ts";

/**
 * Serves until a signal arrives. Sets the exit status of the process: 1 if a topic cannot start.
 */
export async function run(request: ServeRequest): Promise<void> {
  let fields: CallTelemetry["fields"] = () => ({});
  const log = createLogger(request.logLevel, undefined, () => fields());
  /** Starts the topics in this process, with their telemetry. */
  const startHere = async (log: Logger): Promise<Serving> => {
    const telemetry = await startTelemetry(request, (message) => log.warn(message));
    if (telemetry === undefined) return start(request, log);
    fields = telemetry.fields;
    if (telemetry.metricsUrl !== undefined) log.info({ url: telemetry.metricsUrl }, "serving metrics");
    try {
      const { endpoints, shutdown } = await start(request, log, telemetry);
      return { endpoints, shutdown: (options) => shutdown(options).finally(() => telemetry.shutdown()) };
    } catch (error) {
      await telemetry.shutdown();
      throw error;
    }
  };
  if (cluster.worker !== undefined) {
    const workerLog = log.child({ worker: cluster.worker.id });
    return serveAsWorker(() => startHere(workerLog));
  }
  let serving: Serving;
  try {
    serving = await (request.workers > 1 ? supervise(request, { log, onFailure: fail }) : startHere(log));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return fail(error);
  }

  let stopping = false;
  const stop = async (signal: "SIGHUP" | "SIGINT" | "SIGTERM") => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    log.info("shutting down; a second signal exits at once");
    await serving.shutdown();
    // The process ends by itself once the log is written, or a second later if an export without an
    // answer keeps it.
    log.info("stopped");
    setTimeout(() => process.exit(), 1000).unref();
  };
  // SIGHUP: the terminal has closed.
  process.on("SIGHUP", stop).on("SIGINT", stop).on("SIGTERM", stop);

  // The reader of the table may leave, as `head -1` does; the server goes on.
  process.stdout.on("error", () => {});
  process.stdout.write(formatTable(serving.endpoints, { colour: hasColour(process.stdout) }));
  if (process.stdout.isTTY) process.stdout.write(nextSteps(serving.endpoints, request.topics));
}

/** Reports the error. The process then ends by itself. */
function fail(error: StartError): void {
  process.stderr.write(`error: ${printable(error.message)}\n`);
  process.exitCode = 1;
}
