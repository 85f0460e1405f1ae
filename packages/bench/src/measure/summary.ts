// From samples to what is told: medians, spreads, ratios, verdicts.
import { type Measure, subject as usual } from "./measure.ts";
import { geometricMean, type Interval, interquartileRange, median, type Verdict, verdictOf } from "./statistics.ts";

export interface Figure {
  readonly median: number;
  /** The interquartile range. */
  readonly spread: Interval;
  readonly rounds: number;
}

/** How many times better the subject is than another contestant. */
export interface Ratio {
  /** Of the ratios within a round. */
  readonly median: number;
  readonly spread: Interval;
  readonly verdict: Verdict;
}

export interface Summary {
  readonly name: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly subject: string;
  readonly family?: string | undefined;
  readonly figures: Readonly<Record<string, Figure>>;
  readonly ratios: Readonly<Record<string, Ratio>>;
}

export function summarise(measure: Measure): Summary {
  const { name, unit, better, subject = usual, family, samples } = measure;
  const own = samples[subject] ?? [];
  const figures: Record<string, Figure> = {};
  const ratios: Record<string, Ratio> = {};
  for (const [contestant, values] of Object.entries(samples)) {
    figures[contestant] = { median: median(values), spread: interquartileRange(values), rounds: values.length };
    if (contestant === subject || own.length === 0) continue;
    const perRound = own.map((value, round) =>
      better === "more" ? value / (values[round] ?? Number.NaN) : (values[round] ?? Number.NaN) / value,
    );
    ratios[contestant] = { median: median(perRound), spread: interquartileRange(perRound), verdict: verdictOf(perRound) };
  }
  return { name, unit, better, subject, ...(family !== undefined && { family }), figures, ratios };
}

/** By family, the geometric mean of the median ratios to each contestant. */
export type Means = Readonly<Record<string, Readonly<Record<string, number>>>>;

export function meansOf(summaries: readonly Summary[]): Means {
  const means: Record<string, Record<string, number>> = {};
  for (const [family = "", members = []] of Object.entries(Object.groupBy(summaries, ({ family = "" }) => family))) {
    if (family === "") continue;
    const contestants = new Set(members.flatMap(({ ratios }) => Object.keys(ratios)));
    means[family] = Object.fromEntries(
      [...contestants].map((contestant) => [contestant, geometricMean(members.flatMap(({ ratios }) => ratios[contestant]?.median ?? []))]),
    );
  }
  return means;
}
