// The result of a group, as it is written to `results/`.
import type { Group, Outcome } from "../groups/group.ts";
import { type Means, meansOf, type Summary, summarise } from "../measure/summary.ts";
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

/** Indented, but a measure a line: figures are many. */
export function resultText({ measures, ...head }: Result): string {
  const lines = measures.map((measure) => `    ${JSON.stringify(measure)}`).join(",\n");
  return JSON.stringify({ ...head, measures: [] }, null, 2).replace(/\[\]\n\}$/, () => `[\n${lines}\n  ]\n}\n`);
}
