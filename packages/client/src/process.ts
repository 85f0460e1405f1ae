// The process of the command: signals, streams and the exit status.
import { setTimeout } from "node:timers/promises";
import { run } from "./cli.ts";
import { createInterrupt } from "./interrupt.ts";
import { writeError } from "./output.ts";

const { stdin, stdout, stderr } = process;
const interrupt = createInterrupt();

process.on("SIGINT", () => {
  // A second Ctrl-C ends the process at once.
  if (interrupt.signal.aborted) process.exit(130);
  interrupt.raise();
});
// The reader has left, as `| head -1` does: the command ends with status 0.
stdout.on("error", (error: NodeJS.ErrnoException) => fail(error.code === "EPIPE" ? undefined : error));
stderr.on("error", () => {});
process.on("uncaughtException", fail);

function fail(error: unknown): never {
  if (error !== undefined) writeError(stderr, error);
  process.exit(error === undefined ? 0 : 1);
}

const status = await run(process.argv.slice(2), { stdin, stdout, stderr, interrupt });
// Wait until the pipe has the whole output.
await new Promise((resolve) => stdout.write("", resolve));
// A cancelled call is reset in one of the next turns of the event loop, after Node has sent its
// half-close. Exiting before the reset would look to the server like a complete request.
if (status !== 0) await setTimeout(10);
process.exit(status);
