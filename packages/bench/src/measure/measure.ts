// What a group hands over: samples of each contestant, taken in turns.

/** The contestant that ratios are of, unless a measure names another one. */
export const defaultSubject = "rpc";

/** One thing that was measured. */
export interface Measure {
  readonly name: string;
  /** Of the samples: `ns`, `calls/s`, … */
  readonly unit: string;
  readonly better: "more" | "less";
  /** Ratios of such small or chancy figures would tell nothing. Default: they are told. */
  readonly ratios?: false;
  /** Measures of one family have a geometric mean. */
  readonly family?: string | undefined;
  /** Told in the table, and not drawn. */
  readonly aside?: boolean;
  /** The contestant that ratios are of. Default: `rpc`. */
  readonly subject?: string;
  /** By contestant, a sample a round: the same place in each list is the same round. */
  readonly samples: Samples;
}

export type Samples = Record<string, number[]>;

/** Adds the rounds of another start of the same contestants. */
export function append(samples: Samples, more: Samples): void {
  for (const [name, values] of Object.entries(more)) {
    samples[name] ??= [];
    samples[name].push(...values);
  }
}
