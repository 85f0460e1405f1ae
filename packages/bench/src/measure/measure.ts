// The samples of a group: for each contestant, taken in turns.

/** The default subject of ratios. */
export const defaultSubject = "rpc";

/** A measured quantity. */
export interface Measure {
  readonly name: string;
  /** The unit of the samples: `ns`, `calls/s`, … */
  readonly unit: string;
  readonly better: "more" | "less";
  /** `false` omits ratios, for figures that are small or random. Default: ratios are printed. */
  readonly ratios?: false;
  /** Measures of a family have a geometric mean. */
  readonly family?: string | undefined;
  /** Shows the measure in the table, but not in the chart. */
  readonly aside?: boolean;
  /** The subject of ratios. Default: `rpc`. */
  readonly subject?: string;
  /** The samples of each contestant, one for each round. The same index is the same round. */
  readonly samples: Samples;
}

export type Samples = Record<string, number[]>;

/** Appends the rounds of another start. */
export function append(samples: Samples, more: Samples): void {
  for (const [name, values] of Object.entries(more)) {
    samples[name] ??= [];
    samples[name].push(...values);
  }
}
