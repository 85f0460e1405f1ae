// The output of `--json`: all results in short, and their comparison with the bar.
import { type BarRow, barRows } from "./bar.ts";
import type { Machine } from "./machine.ts";
import type { Result } from "./result.ts";

export interface Brief {
  readonly machine: Machine;
  readonly quick: boolean;
  /** Keyed by `group: measure`. Ratios say how many times better the subject is. */
  readonly measures: Readonly<Record<string, { unit: string; medians: Record<string, number>; ratios: Record<string, number> }>>;
  /** Geometric means of the ratios, keyed by `group: family`. */
  readonly means: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly bar: readonly BarRow[];
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
