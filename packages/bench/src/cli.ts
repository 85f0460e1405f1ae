// The command line of `pnpm bench`: runs groups one after the other, and prints their results.
import { resolve } from "node:path";
import { stderr } from "node:process";
import { Argument, Command, Option } from "commander";
import { groups } from "./groups/index.ts";
import { hasH2load } from "./load/h2load.ts";
import { briefOf } from "./report/brief.ts";
import { describeMachine } from "./report/machine.ts";
import { progressOn } from "./report/progress.ts";
import { makeResult, type Result } from "./report/result.ts";
import { barTable, legend, measuresTable } from "./report/table.ts";
import { checkedIn, writeResults } from "./report/write.ts";

interface Options {
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly load: "h2load" | "node";
  readonly out?: string;
}

export function createCommand(): Command {
  const program = new Command(process.env.GRPC_STUDY_COMMAND || "bench");
  return program
    .description("Compares the performance of @grpc-study with other implementations, which take turns in one run.")
    .addArgument(new Argument("[groups...]", "groups to run (default: all)").choices(groups.map(({ name }) => name)))
    .option("--quick", "run fewer and shorter rounds, as a smoke test; writes no results without --out")
    .option("--json", "print medians and ratios as one JSON object, by name")
    .addOption(
      new Option("--load <program>", "the load generator for gateways").choices(["h2load", "node"]).default(hasH2load ? "h2load" : "node"),
    )
    .option("--out <folder>", "folder for the results (default: packages/bench/results)")
    .addHelpText("after", () => groupHelp(program))
    .action(run);
}
/** The groups as commander lists options: names in one column, wrapped text in another. */
function groupHelp(program: Command): string {
  const help = program.createHelp();
  help.helpWidth = program.configureOutput().getOutHelpWidth?.() ?? 80;
  const width = Math.max(...groups.map(({ name }) => name.length));
  return ["\nGroups:", ...groups.map(({ name, about }) => help.formatItem(name, width, about, help))].join("\n");
}

async function run(wanted: readonly string[], { quick = false, json = false, load, out }: Options, command: Command): Promise<void> {
  if (load === "h2load" && !hasH2load) command.error("error: h2load is not installed (Debian: nghttp2-client)");
  const folder = out === undefined ? (quick ? undefined : checkedIn) : resolve(out);
  const progress = progressOn(stderr);
  const machine = describeMachine();
  const results: Result[] = [];
  for (const group of groups) {
    if (wanted.length > 0 && !wanted.includes(group.name)) continue;
    const { name, about } = group;
    progress.heading(`${name}: ${about}`);
    const start = performance.now();
    try {
      const outcome = await group.run({ quick, load, progress: (text) => progress.step(`${elapsed(start)} ${name}: ${text}`) });
      const result = makeResult(group, outcome, machine, quick);
      results.push(result);
      if (folder !== undefined) await writeResults([result], folder);
      progress.heading(`${name} took ${elapsed(start)}${folder === undefined ? "" : `, results written to ${folder}`}`);
      if (!json) console.log(`\n${measuresTable(result)}\n\n${result.notes.map((note) => `${note}\n`).join("")}`);
    } catch (error) {
      // Continues with the other groups.
      progress.heading(`${name} failed: ${error instanceof Error ? error.stack : String(error)}`);
      process.exitCode = 1;
    }
  }
  if (json) {
    console.log(JSON.stringify(briefOf(results, machine, quick)));
    return;
  }
  console.log(`${legend}\n`);
  const bar = barTable(results);
  if (bar !== undefined) console.log(`${bar}\n`);
}

/** Formats elapsed time as `1:05`. */
function elapsed(start: number): string {
  const seconds = Math.floor((performance.now() - start) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
