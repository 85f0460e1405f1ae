// Summarises samples: medians, spreads, ratios and verdicts.
import { defaultSubject, type Measure } from "./measure.ts";
import { geometricMean, type Interval, interquartileRange, median, type Verdict, verdictOf } from "./statistics.ts";

export interface Figure {
  readonly median: number;
  /** The interquartile range. */
  readonly spread: Interval;
  readonly rounds: number;
}

/** How many times better the subject is than another contestant. */
export interface Ratio {
  /** The median of the ratios in each round. */
  readonly median: number;
  readonly spread: Interval;
  readonly verdict: Verdict;
  /** The ratio in each round. */
  readonly rounds: readonly number[];
}

export interface Summary {
  readonly name: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly family?: string | undefined;
  readonly aside?: boolean;
  /** `undefined` for `rpc`. */
  readonly subject?: string;
  readonly figures: Readonly<Record<string, Figure>>;
  readonly ratios: Readonly<Record<string, Ratio>>;
}

export function summarise({ name, unit, better, family, aside, subject = defaultSubject, ratios: wanted, samples }: Measure): Summary {
  const own = samples[subject] ?? [];
  const figures: Record<string, Figure> = {};
  const ratios: Record<string, Ratio> = {};
  for (const [contestant, values] of Object.entries(samples)) {
    figures[contestant] = { median: median(values), spread: interquartileRange(values), rounds: values.length };
    if (contestant === subject || own.length === 0 || wanted === false) continue;
    const rounds = own.map((value, round) => {
      const other = values[round] ?? Number.NaN;
      return Number((better === "more" ? value / other : other / value).toPrecision(4));
    });
    ratios[contestant] = { median: median(rounds), spread: interquartileRange(rounds), verdict: verdictOf(rounds), rounds };
  }
  return {
    name,
    unit,
    better,
    ...(family !== undefined && { family }),
    ...(aside && { aside }),
    ...(subject !== defaultSubject && { subject }),
    figures,
    ratios,
  };
}

/**
 * Combines the ratios of all measures that the contestant took part in to one number for each
 * round.
 */
export function combineRounds(
  measures: readonly Pick<Summary, "ratios">[],
  contestant: string,
  combine: (ratios: readonly number[]) => number,
): number[] {
  const all = measures.flatMap(({ ratios }) => (ratios[contestant] ? [ratios[contestant].rounds] : []));
  const rounds = Math.min(...all.map(({ length }) => length));
  return all.length === 0 ? [] : Array.from({ length: rounds }, (_, round) => combine(all.map((ratios) => ratios[round] ?? Number.NaN)));
}

/**
 * For each family and contestant: the geometric mean of the ratios, as the median over the rounds.
 */
export type Means = Readonly<Record<string, Readonly<Record<string, number>>>>;

export function meansOf(summaries: readonly Summary[]): Means {
  const means: Record<string, Record<string, number>> = {};
  for (const [family = "", members = []] of Object.entries(Object.groupBy(summaries, ({ family = "" }) => family))) {
    if (family === "") continue;
    const contestants = new Set(members.flatMap(({ ratios }) => Object.keys(ratios)));
    means[family] = Object.fromEntries(
      [...contestants].map((contestant) => [contestant, median(combineRounds(members, contestant, geometricMean))]),
    );
  }
  return means;
}
