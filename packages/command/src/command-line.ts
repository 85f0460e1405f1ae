// Error output for commands built with commander: one line, with control characters escaped.
import type { OutputConfiguration } from "commander";
import { printable } from "./printable.ts";

/** Pass this to `configureOutput`. Subcommands that are added afterwards inherit it. */
export const oneLineErrors: OutputConfiguration = {
  outputError: (text, write) => write(`${printable(text.trim().replaceAll(/\s*\n\s*/g, " "))}\n`),
};

/**
 * Exits when stdout cannot be written to: with status 0 if the reader has closed the pipe, as
 * `| head -1` does, and otherwise with status 1 and one line on stderr. Without this function,
 * Node
 * prints a stack trace. Do not call it in a command that keeps running without stdout, such as a
 * server.
 */
export function endIfStdoutFails(): void {
  process.stdout.off("error", end).on("error", end);
}

function end({ code, message }: NodeJS.ErrnoException): never {
  if (code === "EPIPE") process.exit(0);
  process.stderr.write(`error: cannot write to stdout: ${printable(message)}\n`);
  process.exit(1);
}
