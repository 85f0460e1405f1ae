// What can be said of a few noisy samples: their middle, their spread, and whether a ratio is more than noise.

/** NaN if there are none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation between the two nearest. @param fraction from 0 to 1 */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Of ratios: 2 and 1/2 cancel out. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Both ends included. */
export type Interval = readonly [low: number, high: number];

/** The middle half of the values. */
export function interquartileRange(values: readonly number[]): Interval {
  return [quantile(values, 0.25), quantile(values, 0.75)];
}

/**
 * Where the true median is, with 95 % confidence, whatever the distribution: the k-th value from each end, where so few heads of a fair
 * coin would be that rare (the sign test's interval). Undefined for fewer than six values, of which nothing can be said.
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

/** Whether a ratio is at least what it has to be. `inside the noise`: its median may be on either side. */
export type Judgement = "met" | "not met" | "inside the noise" | "too few rounds";

/** @param ratios one a round */
export function judge(ratios: readonly number[], atLeast: number): Judgement {
  const interval = medianInterval(ratios);
  if (interval === undefined) return "too few rounds";
  if (interval[0] >= atLeast) return "met";
  return interval[1] < atLeast ? "not met" : "inside the noise";
}

/** `unclear`: within the noise, or too few rounds. */
export type Verdict = "faster" | "slower" | "unclear";

/** A process that is started again, or code that is laid out otherwise, easily differs by so much. */
const margin = 0.02;

/** @param ratios one a round, above 1 where the subject was better */
export function verdictOf(ratios: readonly number[]): Verdict {
  const interval = medianInterval(ratios);
  if (interval === undefined) return "unclear";
  if (interval[0] > 1 + margin) return "faster";
  return interval[1] < 1 / (1 + margin) ? "slower" : "unclear";
}
