// `pnpm bench`: runs groups, one after the other, and tells what came out.
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
  readonly quick: boolean;
  readonly json: boolean;
  readonly load: "h2load" | "node";
  readonly out?: string;
}

export function createCommand(): Command {
  const list = groups.map(({ name, about }) => `${name}: ${about}`).join("\n");
  return new Command("bench")
    .description(`Measures @grpc-study against its peers, taking turns in one run.\n\n${list}`)
    .addArgument(new Argument("[groups...]", "which to run; all of them, unless told").choices(groups.map(({ name }) => name)))
    .option("--quick", "fewer and shorter rounds: shows that all works, calls few winners, and writes nothing unless --out is given", false)
    .option("--json", "print one object of medians and ratios by name", false)
    .addOption(
      new Option("--load <program>", "what puts load on gateways").choices(["h2load", "node"]).default(hasH2load ? "h2load" : "node"),
    )
    .option("--out <folder>", "write results there, and not to packages/bench/results")
    .action(run);
}

async function run(wanted: readonly string[], { quick, json, load, out }: Options, command: Command): Promise<void> {
  if (load === "h2load" && !hasH2load) command.error("error: h2load is not on this machine (Debian: nghttp2-client)");
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
      progress.heading(`${name} took ${elapsed(start)}${folder === undefined ? "" : `, results are in ${folder}`}`);
      if (!json) console.log(`\n${measuresTable(result)}\n\n${result.notes.map((note) => `${note}\n`).join("")}`);
    } catch (error) {
      // The other groups may still be worth their time.
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

/** `1:05`. */
function elapsed(start: number): string {
  const seconds = Math.floor((performance.now() - start) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
