// A figure over time: whether it stays where it is, and a chart of it.

export interface Sample {
  /** Since the start, in seconds. */
  readonly atS: number;
  readonly value: number;
}

export interface Verdict {
  /** After the warm-up. */
  readonly median: number;
  /** What the trend adds from the end of the warm-up to the end. */
  readonly growth: number;
  /** What it may add. */
  readonly tolerance: number;
  readonly flat: boolean;
}

/** The value that a part of them is below. */
const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] ?? 0;
const median = (values: readonly number[]): number => quantile(values, 0.5);

/**
 * Judges by the slope: the median of those between all pairs of samples (Theil and Sen), which single peaks do not move. What goes up and down may have a trend as large as
 * the middle half of its samples is apart; of what grows steadily the trend is twice that.
 *
 * @param toleratedPart of the median, that the trend may add; at least `toleratedMinimum`.
 */
export function judge(samples: readonly Sample[], fromS: number, toleratedPart: number, toleratedMinimum: number): Verdict {
  const measured = samples.filter(({ atS }) => atS >= fromS);
  const slopes = measured.flatMap((one, index) =>
    measured.slice(index + 1).map((later) => (later.value - one.value) / (later.atS - one.atS)),
  );
  const values = measured.map(({ value }) => value);
  const middle = median(values);
  const growth = median(slopes) * ((measured.at(-1)?.atS ?? 0) - (measured[0]?.atS ?? 0));
  const tolerance = Math.max(middle * toleratedPart, toleratedMinimum, quantile(values, 0.75) - quantile(values, 0.25));
  return { median: middle, growth, tolerance, flat: measured.length > 2 && growth <= tolerance };
}

const width = 72;
const height = 8;

/** Plain text: a column is the mean of its time, the warm-up ends at `|`. */
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
