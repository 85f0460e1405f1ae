// A figure over time: judges whether it is flat, and draws a chart.

export interface Sample {
  /** The time since the start, in seconds. */
  readonly atS: number;
  readonly value: number;
}

export interface Verdict {
  /** The median after the warm-up. */
  readonly median: number;
  /** What the trend adds from the end of the warm-up to the end. */
  readonly growth: number;
  /** The largest growth that counts as flat. */
  readonly tolerance: number;
  readonly flat: boolean;
}

/** Returns the value below which a fraction `part` of the values lies. */
const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] ?? 0;
const median = (values: readonly number[]): number => quantile(values, 0.5);

/**
 * Judges by the Theil-Sen slope, the median of the slopes between all pairs of samples, which is
 * robust against single peaks. The trend of a fluctuating figure may be as large as the
 * interquartile range of its samples. The trend of a steadily growing figure is twice its
 * interquartile range.
 *
 * @param toleratedPart the growth that counts as flat, as a fraction of the median.
 * @param toleratedMinimum the growth that always counts as flat.
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

/**
 * Draws a chart as plain text. A column shows the mean of its period, and `|` marks the end of the
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
