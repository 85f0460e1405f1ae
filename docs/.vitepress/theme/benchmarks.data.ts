// The results of the checked-in benchmarks, read when the site is built.
import { readdirSync, readFileSync } from "node:fs";

interface Figures {
  readonly median: number;
}

interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly figures: Readonly<Record<string, Figures>>;
  readonly ratios: Readonly<Record<string, Figures>>;
}

export interface Group {
  readonly group: string;
  readonly date: string;
  readonly about: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly versions: Readonly<Record<string, string>> };
  readonly means: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly measures: readonly Measure[];
}

export declare const data: Readonly<Record<string, Group>>;

const folder = new URL("../../../packages/bench/results/", import.meta.url);

/** Keeps the part of a result that a chart shows, without the single rounds. */
function short({ group, date, about, machine, means, measures }: Group): Group {
  const medians = (all: Measure["figures"]) => Object.fromEntries(Object.entries(all).map(([name, { median }]) => [name, { median }]));
  return {
    group,
    date,
    about,
    machine: { cpu: machine.cpu, cores: machine.cores, versions: machine.versions },
    means,
    measures: measures.map(({ name, unit, better, figures, ratios }) => ({
      name,
      unit,
      better,
      figures: medians(figures),
      ratios: medians(ratios),
    })),
  };
}

export default {
  watch: ["../../../packages/bench/results/*.json"],
  load(): Readonly<Record<string, Group>> {
    const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
    const groups = files.map((name) => short(JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Group));
    return Object.fromEntries(groups.map((group) => [group.group, group]));
  },
};
