// The command as a function.
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { createProgram } from "./cli.ts";
import type { Companion } from "./companion.ts";
import { run } from "./run.ts";
import { topics } from "./topics.ts";

/** Runs the command of `process.argv`. @param companions are started with their topics. */
export async function main(companions: readonly Companion[] = []): Promise<void> {
  // grpc-js writes to stderr what it also reports, and a port in use is to be one line.
  if (!process.env.GRPC_VERBOSITY && !process.env.GRPC_NODE_VERBOSITY) setLogVerbosity(logVerbosity.NONE);
  await createProgram(topics, (request) => run(request, companions)).parseAsync();
}
