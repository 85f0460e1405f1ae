// The process of `pnpm bench`: exits with status 2 for invalid arguments, and cleans up after
// signals.
import { CommanderError } from "commander";
import { createCommand } from "./cli.ts";

// The `exit` handlers stop child processes and remove temporary files.
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.on(signal, () => process.exit(status));

try {
  await createCommand().exitOverride().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
