// Statistics of a few noisy samples: the median, the spread, and whether a ratio is more than
// noise.

/** The median. NaN for an empty list. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * A quantile, by linear interpolation.
 *
 * @param fraction from 0 to 1.
 */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** The geometric mean. 2 and 1/2 cancel out. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** An interval that includes both ends. */
export type Interval = readonly [low: number, high: number];

/** The middle half of the values. */
export function interquartileRange(values: readonly number[]): Interval {
  return [quantile(values, 0.25), quantile(values, 0.75)];
}

/**
 * The 95 % confidence interval of the median for any distribution: from the k-th smallest to the
 * k-th largest value, where k is from the sign test. Returns `undefined` for fewer than six values.
 */
export function medianInterval(values: readonly number[]): Interval | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  let probability = 0.5 ** count;
  let cumulated = 0;
  let k = 0;
  while (cumulated + probability <= 0.025) {
    cumulated += probability;
    probability *= (count - k) / (k + 1);
    k++;
  }
  const low = sorted[k - 1];
  const high = sorted[count - k];
  return low === undefined || high === undefined ? undefined : [low, high];
}

/** Whether a ratio reaches its minimum. `inside the noise`: the median may be on either side. */
export type Judgement = "met" | "not met" | "inside the noise" | "too few rounds";

/** @param ratios one for each round. */
export function judge(ratios: readonly number[], atLeast: number): Judgement {
  const interval = medianInterval(ratios);
  if (interval === undefined) return "too few rounds";
  if (interval[0] >= atLeast) return "met";
  return interval[1] < atLeast ? "not met" : "inside the noise";
}

/** `unclear`: within the noise, or too few rounds. */
export type Verdict = "faster" | "slower" | "unclear";

/** The difference that restarting a process or another code layout easily makes. */
const margin = 0.02;

/** @param ratios one for each round; above 1, the subject was better. */
export function verdictOf(ratios: readonly number[]): Verdict {
  const interval = medianInterval(ratios);
  if (interval === undefined) return "unclear";
  if (interval[0] > 1 + margin) return "faster";
  return interval[1] < 1 / (1 + margin) ? "slower" : "unclear";
}
