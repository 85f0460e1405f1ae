// The program of every process that the bench starts: `host.js MODULE ARGUMENT`. It exits with the
// process that started it.
import { clock } from "./clock.ts";
import type { CommandRequest, CommandResponse, Serve } from "./hosted.ts";
import { memory } from "./memory.ts";

const [module = "", argument = "null"] = process.argv.slice(2);
const send = (response: CommandResponse) => process.send?.(response);
const respond = async (id: number, work: () => unknown) => {
  try {
    send({ id, result: await work() });
  } catch (error) {
    send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};

process.on("disconnect", () => process.exit());
// Ctrl-C signals all processes of the terminal. The parent process stops the others.
process.on("SIGINT", () => {});

/** Commands of every process. A module that measures another program overrides them. */
const builtIn: Readonly<Record<string, () => unknown>> = { memory, clock };

const { serve } = (await import(new URL(`../${module}`, import.meta.url).href)) as { serve: Serve<unknown> };
await respond(0, async () => {
  const { ready, commands = {} } = await serve(JSON.parse(argument));
  process.on("message", ({ id, command, argument }: CommandRequest) =>
    respond(id, () => {
      const run = commands[command] ?? builtIn[command];
      if (run === undefined) throw new Error(`${module} has no command ${command}`);
      return run(argument as never);
    }),
  );
  return ready;
});
