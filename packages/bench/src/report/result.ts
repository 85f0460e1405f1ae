// The result of a group, as it is written to `results/` and told on stdout.
import type { Group, Outcome } from "../groups/group.ts";
import { type Means, meansOf, type Summary, summarise } from "../measure/summary.ts";
import { type BarRow, barRows } from "./bar.ts";
import type { Machine } from "./machine.ts";

export interface Result {
  readonly group: string;
  readonly about: string;
  /** ISO 8601, without the time. */
  readonly date: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly notes: readonly string[];
  readonly means: Means;
  readonly measures: readonly Summary[];
}

export function makeResult({ name, about }: Group, { measures, notes }: Outcome, machine: Machine, quick: boolean): Result {
  const summaries = measures.map(summarise);
  const date = new Date().toISOString().slice(0, 10);
  return { group: name, about, date, quick, machine, notes, means: meansOf(summaries), measures: summaries };
}

/** What `--json` prints. */
export interface Brief {
  readonly machine: Machine;
  readonly quick: boolean;
  /** By `group: measure`. Ratios say how many times better the subject is. */
  readonly measures: Readonly<Record<string, { unit: string; medians: Record<string, number>; ratios: Record<string, number> }>>;
  /** By `group: family`, geometric means of the ratios. */
  readonly means: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly bar: readonly BarRow[];
}

/** Indented, but a measure a line: figures are many. */
export function resultText({ measures, ...head }: Result): string {
  const lines = measures.map((measure) => `    ${JSON.stringify(measure)}`).join(",\n");
  return JSON.stringify({ ...head, measures: [] }, null, 2).replace(/\[\]\n\}$/, () => `[\n${lines}\n  ]\n}\n`);
}

export function briefOf(results: readonly Result[], machine: Machine, quick: boolean): Brief {
  const medians = (record: Readonly<Record<string, { readonly median: number }>>) =>
    Object.fromEntries(Object.entries(record).map(([name, { median }]) => [name, median]));
  const measures = results.flatMap(({ group, measures }) =>
    measures.map(
      ({ name, unit, figures, ratios }) => [`${group}: ${name}`, { unit, medians: medians(figures), ratios: medians(ratios) }] as const,
    ),
  );
  const means = results.flatMap(({ group, means }) =>
    Object.entries(means).map(([family, mean]) => [`${group}: ${family}`, mean] as const),
  );
  return { machine, quick, measures: Object.fromEntries(measures), means: Object.fromEntries(means), bar: barRows(results) };
}
