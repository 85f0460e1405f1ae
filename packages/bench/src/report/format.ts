// Formats numbers for people.
import type { Interval } from "../measure/statistics.ts";
import type { Figure, Ratio } from "../measure/summary.ts";

/** Three digits: `412`, `1.23k`, `28.4M`. */
export function formatNumber(value: number): string {
  for (const [limit, letter] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (Math.abs(value) >= limit * 0.9995) return `${digits(value / limit)}${letter}`;
  }
  return digits(value);
}

const digits = (value: number) =>
  Math.abs(value) >= 99.95 ? value.toFixed(0) : Math.abs(value) >= 9.995 ? value.toFixed(1) : value.toFixed(2);

/** `28.4k ±3 %`: the median, and half the interquartile range. */
export function formatFigure({ median, spread: [low, high], rounds }: Figure): string {
  return rounds < 2 ? formatNumber(median) : `${formatNumber(median)} ±${Math.round(((high - low) / 2 / median) * 100)} %`;
}

/** `1.30 ×`, or `≈ 1.03 ×` within the noise. */
export function formatRatio({ median, verdict }: Ratio): string {
  return `${verdict === "unclear" ? "≈ " : ""}${median.toFixed(2)} ×`;
}

/** `1.20–1.35`. */
export function formatSpread([low, high]: Interval): string {
  return `${low.toFixed(2)}–${high.toFixed(2)}`;
}
