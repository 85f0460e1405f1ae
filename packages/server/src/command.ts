// The command as a function.
import { createProgram } from "./cli.ts";
import type { Companion } from "./companion.ts";
import { run } from "./run.ts";
import { topics } from "./topics.ts";

/** Runs the command of `process.argv`. @param companions are started with their topics. */
export async function main(companions: readonly Companion[] = []): Promise<void> {
  await createProgram(topics, (request) => run(request, companions)).parseAsync();
}
