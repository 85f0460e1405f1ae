// A run of the command, from its arguments to its last signal.
import cluster from "node:cluster";
import { constants } from "node:os";
import { printable } from "@grpc-study/command/printable";
import { createLogger, hasColour } from "@grpc-study/log";
import type { ServeRequest } from "./cli.ts";
import type { Companion } from "./companion.ts";
import { nextSteps } from "./next-steps.ts";
import { type Serving, StartError } from "./serve.ts";
import { start } from "./start.ts";
import { formatTable } from "./table.ts";
import { serveAsWorker, supervise } from "./workers.ts";

/** Serves until a signal comes. Sets the process's exit status: 1 if the topics, or what is served beside them, could not be started. */
export async function run(request: ServeRequest, companions: readonly Companion[] = []): Promise<void> {
  const log = createLogger(request.logLevel);
  if (cluster.worker !== undefined) {
    const workerLog = log.child({ worker: cluster.worker.id });
    return serveAsWorker(() => start(request, companions, workerLog));
  }
  let serving: Serving;
  try {
    const beside = companions.filter(({ topic }) => request.topics.some(({ name }) => name === topic));
    serving = await (request.workers > 1
      ? supervise(request, { log, companions: beside.length, onFailure: fail })
      : start(request, companions, log));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return fail(error);
  }

  let stopping = false;
  const stop = async (signal: "SIGHUP" | "SIGINT" | "SIGTERM") => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    log.info("shutting down; a second signal ends it at once");
    await serving.shutdown();
    // Nothing is left to do: the process ends by itself, once the log is written.
    log.info("stopped");
  };
  // SIGHUP: the terminal has gone.
  process.on("SIGHUP", stop).on("SIGINT", stop).on("SIGTERM", stop);

  // Whoever reads the table may leave, as `head -1` does; that is no reason to stop serving.
  process.stdout.on("error", () => {});
  process.stdout.write(formatTable(serving.endpoints, { colour: hasColour(process.stdout) }));
  if (process.stdout.isTTY) process.stdout.write(nextSteps(serving.endpoints, request.topics));
}

/** The process then ends by itself. */
function fail(error: StartError): void {
  process.stderr.write(`error: ${printable(error.message)}\n`);
  process.exitCode = 1;
}
