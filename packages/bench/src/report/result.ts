// The result of a group, as stored in `results/`.
import type { Group, Outcome } from "../groups/group.ts";
import { type Means, meansOf, type Summary, summarise } from "../measure/summary.ts";
import type { Machine } from "./machine.ts";

export interface Result {
  readonly group: string;
  readonly about: string;
  /** The date in ISO 8601. */
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

/** The result as indented JSON, with one line for each measure. */
export function resultText({ measures, ...head }: Result): string {
  const lines = measures.map((measure) => `    ${JSON.stringify(measure)}`).join(",\n");
  return JSON.stringify({ ...head, measures: [] }, null, 2).replace(/\[\]\n\}$/, () => `[\n${lines}\n  ]\n}\n`);
}
