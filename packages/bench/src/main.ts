#!/usr/bin/env node
import { resolve } from "node:path";
// `pnpm bench`: runs groups, one after the other, and tells what came out.
import { stderr } from "node:process";
import { Argument, Command, Option } from "commander";
import { groups } from "./groups/index.ts";
import { hasH2load } from "./load/h2load.ts";
import { describeMachine } from "./report/machine.ts";
import { progressOn } from "./report/progress.ts";
import { briefOf, makeResult, type Result } from "./report/result.ts";
import { barTable, legend, measuresTable } from "./report/table.ts";
import { checkedIn, writeResults } from "./report/write.ts";

interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly load: "h2load" | "node";
  readonly out?: string;
  readonly write: boolean;
}

const command = new Command("bench")
  .description(
    `Measures @grpc-study against its peers, taking turns in one run.\n\n${groups.map(({ name, about }) => `${name}: ${about}`).join("\n")}`,
  )
  .addArgument(new Argument("[groups...]", "which to run; all of them, unless told").choices(groups.map(({ name }) => name)))
  .option(
    "--quick",
    "fewer and shorter rounds: shows that all works, calls few winners, and writes no results unless --out says where",
    false,
  )
  .option("--json", "print one object of medians and ratios by name", false)
  .addOption(new Option("--load <program>", "who puts load on servers").choices(["h2load", "node"]).default(hasH2load ? "h2load" : "node"))
  .option("--out <folder>", "write results there instead of packages/bench/results")
  .option("--no-write", "write no results")
  .action(run);

async function run(wanted: readonly string[], { quick, json, load, out, write }: Options): Promise<void> {
  const progress = progressOn(stderr);
  const machine = describeMachine();
  const results: Result[] = [];
  const start = performance.now();
  for (const group of groups) {
    if (wanted.length > 0 && !wanted.includes(group.name)) continue;
    const { name, about } = group;
    progress.heading(`${name}: ${about}`);
    const outcome = await group.run({ quick, load, progress: (text) => progress.step(`${elapsed(start)} ${name}: ${text}`) });
    progress.clear();
    const result = makeResult(group, outcome, machine, quick);
    results.push(result);
    if (!json) console.log(`\n${measuresTable(result)}\n\n${result.notes.map((note) => `${note}\n`).join("")}`);
  }
  if (json) console.log(JSON.stringify(briefOf(results, machine, quick)));
  else {
    console.log(`${legend}\n`);
    const bar = barTable(results);
    if (bar !== undefined) console.log(`${bar}\n`);
  }
  const folder = out === undefined ? (quick ? undefined : checkedIn) : resolve(out);
  if (folder === undefined || !write) return;
  await writeResults(results, folder);
  progress.heading(`results are in ${folder}`);
}

/** `1:05`. */
function elapsed(start: number): string {
  const seconds = Math.floor((performance.now() - start) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

await command.parseAsync();
