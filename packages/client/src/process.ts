// The process around the command line: signals, streams and the exit status.
import { setTimeout } from "node:timers/promises";
import { run } from "./cli.ts";
import { createInterrupt } from "./interrupt.ts";
import { writeError } from "./output.ts";

const { stdin, stdout, stderr } = process;
const interrupt = createInterrupt();

process.on("SIGINT", () => {
  // Who presses it again has waited long enough.
  if (interrupt.signal.aborted) process.exit(130);
  interrupt.raise();
});
// The reader has left, as `| head -1` does: there is nothing more to do.
stdout.on("error", (error: NodeJS.ErrnoException) => fail(error.code === "EPIPE" ? undefined : error));
stderr.on("error", () => {});
process.on("uncaughtException", fail);

function fail(error: unknown): never {
  if (error !== undefined) writeError(stderr, error);
  process.exit(error === undefined ? 0 : 1);
}

const status = await run(process.argv.slice(2), { stdin, stdout, stderr, interrupt });
// A pipe may still hold what was written.
await new Promise((resolve) => stdout.write("", resolve));
// A call that was cancelled is reset in the next turns of the loop. Its half-close, which Node sends first, must not be the last that the
// server hears of it.
if (status !== 0) await setTimeout(10);
process.exit(status);
