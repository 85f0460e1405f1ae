// What a group is: some measures that belong together.
import type { Measure } from "../measure/measure.ts";

export interface Run {
  /** Fewer rounds, less time for each: enough to see that all works, not to call a winner. */
  readonly quick: boolean;
  /** Who puts load on gateways. */
  readonly load: "h2load" | "node";
  /** Tells what is being done. */
  progress(text: string): void;
}

export interface Outcome {
  readonly measures: readonly Measure[];
  /** What a reader should know of these figures: what was left out, and why. */
  readonly notes: readonly string[];
}

export interface Group {
  readonly name: string;
  /** One sentence: what is measured, and how. */
  readonly about: string;
  run(run: Run): Promise<Outcome>;
}

/**
 * How long each process works at something before it is measured, in milliseconds. V8 compiles what all calls have in common step by step, and then what one kind of
 * them has.
 *
 * @param first whether it is the first thing that the process is asked for.
 */
export const warmUpMs = ({ quick }: Pick<Run, "quick">, first: boolean): number => (first ? 3000 : 1000) / (quick ? 2.5 : 1);
