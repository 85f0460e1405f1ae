// The program of every process that the bench starts: `host.js MODULE ARGUMENT`. It ends with the process that started it.
import { clock } from "./clock.ts";
import type { Answer, Question, Serve } from "./hosted.ts";
import { memory } from "./memory.ts";

const [module = "", argument = "null"] = process.argv.slice(2);
const answer = (answer: Answer) => process.send?.(answer);
const tell = async (id: number, work: () => unknown) => {
  try {
    answer({ id, result: await work() });
  } catch (error) {
    answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};

process.on("disconnect", () => process.exit());
// Ctrl-C goes to all processes of the terminal; the first one ends the others.
process.on("SIGINT", () => {});

/** What every process is asked. A module that measures another program has its own. */
const builtIn: Readonly<Record<string, () => unknown>> = { memory, clock };

const { serve } = (await import(new URL(`../${module}`, import.meta.url).href)) as { serve: Serve<unknown> };
await tell(0, async () => {
  const { ready, commands = {} } = await serve(JSON.parse(argument));
  process.on("message", ({ id, command, argument }: Question) =>
    tell(id, () => {
      const run = commands[command] ?? builtIn[command];
      if (run === undefined) throw new Error(`${module} has no command ${command}`);
      return run(argument as never);
    }),
  );
  return ready;
});
