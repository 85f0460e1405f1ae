// The command as a function.
import { createProgram, type ProgramOptions } from "./cli.ts";
import { run } from "./run.ts";

/** Runs the command line of `process.argv`. */
export async function main(options: ProgramOptions): Promise<void> {
  await createProgram(options, run).parseAsync();
}
