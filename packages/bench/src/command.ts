// The process of `pnpm bench`: what is wrong with the command line ends it with 2, and a signal leaves nothing behind.
import { CommanderError } from "commander";
import { createCommand } from "./cli.ts";

// What has been started is ended, and what was written for the run is removed, at `exit`.
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
