// Runs our client command.
import { clientMain } from "./paths.ts";
import { type Outcome, outcomeOf, Process, type StartOptions } from "./process.ts";
import { transport, transportArgs } from "./transport.ts";

/** Starts a client process. */
export function startClient(args: readonly string[], options: StartOptions = {}): Process {
  return new Process(process.execPath, [clientMain, ...args, ...transportArgs(transport)], options);
}

/** Runs a client to its end. Its stdin is empty by default. */
export async function client(args: readonly string[], input = ""): Promise<Outcome> {
  await using started = startClient(args, { input });
  return await outcomeOf(started);
}
