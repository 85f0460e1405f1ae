// Judges whether a figure stays flat over time, and draws a chart of it.

export interface Sample {
  /** Seconds since the start. */
  readonly atS: number;
  readonly value: number;
}

export interface Verdict {
  /** The median after the warm-up. */
  readonly median: number;
  /** The growth that the trend shows from the end of the warm-up to the end of the run. */
  readonly growth: number;
  /** The highest growth that counts as flat. */
  readonly tolerance: number;
  readonly flat: boolean;
}

/** The quantile of the values. */
const quantile = (values: readonly number[], fraction: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * fraction)] ?? 0;
const median = (values: readonly number[]): number => quantile(values, 0.5);

/**
 * Judges a series by its trend: the median slope between all pairs of samples (Theil–Sen), which
 * ignores single peaks. A series that goes up and down may have a trend as large as its
 * interquartile range. The trend of a steadily growing series is twice that range.
 *
 * @param toleratedFraction the fraction of the median that the trend may add; at least
 * `toleratedMinimum`.
 */
export function judge(samples: readonly Sample[], fromS: number, toleratedFraction: number, toleratedMinimum: number): Verdict {
  const measured = samples.filter(({ atS }) => atS >= fromS);
  const slopes = measured.flatMap((one, index) =>
    measured.slice(index + 1).map((later) => (later.value - one.value) / (later.atS - one.atS)),
  );
  const values = measured.map(({ value }) => value);
  const middle = median(values);
  const growth = median(slopes) * ((measured.at(-1)?.atS ?? 0) - (measured[0]?.atS ?? 0));
  const tolerance = Math.max(middle * toleratedFraction, toleratedMinimum, quantile(values, 0.75) - quantile(values, 0.25));
  return { median: middle, growth, tolerance, flat: measured.length > 2 && growth <= tolerance };
}

const width = 72;
const height = 8;

/**
 * Draws the samples as plain text. A column is the mean of its time span; `|` marks the end of the
 * warm-up.
 */
export function chart(samples: readonly Sample[], fromS: number): string {
  const endS = samples.at(-1)?.atS ?? 1;
  const columns = Array.from({ length: width }, (_, column) => {
    const within = samples.filter(({ atS }) => Math.min(width - 1, Math.floor((atS / endS) * width)) === column);
    return within.length === 0 ? undefined : within.reduce((sum, { value }) => sum + value, 0) / within.length;
  });
  const top = Math.max(...samples.map(({ value }) => value), 1e-9);
  const rows = Array.from({ length: height }, (_, row) => {
    const level = height - 1 - row;
    const marks = columns.map((value) => (value !== undefined && Math.round((value / top) * (height - 1)) === level ? "*" : " "));
    const label = row === 0 ? top : row === height - 1 ? 0 : undefined;
    return `${(label?.toFixed(label < 10 && label > 0 ? 1 : 0) ?? "").padStart(8)} ${marks.join("")}`.trimEnd();
  });
  const warm = Math.min(width - 1, Math.floor((fromS / endS) * width));
  return [...rows, `${" ".repeat(9)}${"-".repeat(warm)}|${"-".repeat(width - warm - 1)} ${Math.round(endS)} s`].join("\n");
}
