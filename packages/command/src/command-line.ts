// How a command that is made with commander speaks of its own failures: in one line that steers no terminal.
import type { OutputConfiguration } from "commander";
import { printable } from "./printable.ts";

/** For `configureOutput`. A subcommand inherits it if it is added later. */
export const oneLineErrors: OutputConfiguration = {
  outputError: (text, write) => write(`${printable(text.trim().replaceAll(/\s*\n\s*/g, " "))}\n`),
};

/**
 * Ends the process if stdout cannot be written to: with status 0 if the reader has left, as `| head -1` does, otherwise with status 1 and one
 * line on stderr. Without it, Node prints a stack trace. A command that goes on without stdout, as a server does, does not call it.
 */
export function endIfStdoutFails(): void {
  process.stdout.off("error", end).on("error", end);
}

function end({ code, message }: NodeJS.ErrnoException): never {
  if (code === "EPIPE") process.exit(0);
  process.stderr.write(`error: cannot write to stdout: ${printable(message)}\n`);
  process.exit(1);
}
