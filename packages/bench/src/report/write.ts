// Writes results: JSON and a chart for each group, all tables in one file, and the generated
// section of the README.
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { groups } from "../groups/index.ts";
import { chart, hasChart } from "./chart.ts";
import { headline } from "./headline.ts";
import type { Machine } from "./machine.ts";
import { type Result, resultText } from "./result.ts";
import { replaceSection } from "./section.ts";
import { barTable, legend, measuresTable } from "./table.ts";

const bench = fileURLToPath(new URL("../../", import.meta.url));
const readme = join(bench, "README.md");

/** The folder of the results in git. The README shows them. */
export const checkedIn = join(bench, "results");

/** Writes results. Groups that were not run keep their earlier ones. */
export async function writeResults(results: readonly Result[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const result of results) {
    await writeFile(join(folder, `${result.group}.json`), resultText(result));
    if (hasChart(result)) await writeFile(join(folder, `${result.group}.svg`), `${chart(result)}\n`);
    const picture = headline(result);
    if (picture !== undefined) await writeFile(join(folder, "headline.svg"), `${picture}\n`);
  }
  const all = await readResults(folder);
  await writeFile(
    join(folder, "README.md"),
    `# Results of packages/bench\n\nWritten by \`pnpm bench\`. ${legend}\n\n${all.map(chapter).join("\n\n")}\n`,
  );
  if (folder === checkedIn) await writeFile(readme, replaceSection(await readFile(readme, "utf8"), overview(all)));
}

async function readResults(folder: string): Promise<Result[]> {
  const files = groups.map(({ name }) => join(folder, `${name}.json`)).filter((file) => existsSync(file));
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(file, "utf8"))));
}

/** The chapter of a group with all its measures. */
function chapter(result: Result): string {
  const { group, about, date, quick, machine, notes } = result;
  return [
    `## ${group}`,
    about,
    ...(hasChart(result) ? [`![${group}](${group}.svg)`] : []),
    measuresTable(result),
    ...notes,
    `${date}${quick ? ", a quick run with too few rounds for a winner" : ""}. ${describe(machine)}`,
  ].join("\n\n");
}

/** The table of the bar, and the charts. */
function overview(results: readonly Result[]): string {
  const charts = results.filter(hasChart).map(({ group }) => `![${group}](results/${group}.svg)`);
  const dates = [...new Set(results.map(({ date }) => date))].sort().join(", ");
  const machines = [...new Set(results.map(({ machine }) => describe(machine)))];
  const tables = `All figures: [results](results/README.md), measured on ${dates}.`;
  return [barTable(results), ...charts, tables, ...machines].filter((part) => part !== undefined).join("\n\n");
}

function describe({ cpu, cores, memory, system, pinned, versions }: Machine): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Machine: ${cpu}, ${cores} cores, ${memory} GiB, ${system}${pinned ? ", server and load pinned to a core each" : ", processes not pinned"}. Versions: ${packages.join(", ")}.`;
}
