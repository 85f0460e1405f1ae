// A run of the command, from its arguments to its last signal.
import { constants } from "node:os";
import type { ServeRequest } from "./cli.ts";
import { hasColour } from "./colour.ts";
import { createLogger } from "./logging.ts";
import { type Serving, StartError, serve } from "./serve.ts";
import { formatTable } from "./table.ts";

/** Serves until a signal comes. Sets the process's exit status: 1 if the topics could not be started. */
export async function run({ topics, host, port, logLevel }: ServeRequest): Promise<void> {
  const log = createLogger(logLevel);
  let serving: Serving;
  try {
    serving = await serve(topics, { host, port, log });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }

  let stopping = false;
  const stop = async (signal: "SIGINT" | "SIGTERM") => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    log.info("shutting down; a second signal ends it at once");
    await serving.shutdown();
    // Nothing is left to do: the process ends by itself, once the log is written.
    log.info("stopped");
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);

  // Whoever reads the table may leave, as `head -1` does; that is no reason to stop serving.
  process.stdout.on("error", () => {});
  process.stdout.write(formatTable(serving.endpoints, { colour: hasColour(process.stdout) }));
}
