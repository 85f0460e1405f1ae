// A group: measures that belong together.
import type { Measure } from "../measure/measure.ts";

export interface Run {
  /** Runs fewer and shorter rounds, as a smoke test. */
  readonly quick: boolean;
  /** The load generator for gateways. */
  readonly load: "h2load" | "node";
  /** Reports the current step. */
  progress(text: string): void;
}

export interface Outcome {
  readonly measures: readonly Measure[];
  /** Notes for the reader, such as what was excluded, and why. */
  readonly notes: readonly string[];
}

export interface Group {
  readonly name: string;
  /** What the group measures and how, in one or two sentences. */
  readonly about: string;
  run(run: Run): Promise<Outcome>;
}

/**
 * The warm-up of a process before a measurement, in milliseconds. V8 first compiles the code of all
 * calls step by step, and then the code of one kind of call.
 *
 * @param first whether it is the first measurement of the process.
 */
export const warmUpMs = ({ quick }: Pick<Run, "quick">, first: boolean): number => (first ? 3000 : 1000) / (quick ? 2.5 : 1);
