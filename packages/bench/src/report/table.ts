// Formats results as Markdown tables, which are also readable in a terminal.
import type { Summary } from "../measure/summary.ts";
import { barRows } from "./bar.ts";
import { formatFigure, formatRatio, formatSpread } from "./format.ts";
import type { Result } from "./result.ts";

type Row = readonly string[];

/** A Markdown table with aligned columns. */
export function table(head: Row, rows: readonly Row[]): string {
  const widths = head.map((title, column) => Math.max(3, ...[title, ...rows.map((row) => row[column] ?? "")].map((text) => text.length)));
  const line = (row: Row) =>
    `| ${widths.map((width, column) => (column === 0 ? (row[column] ?? "").padEnd(width) : (row[column] ?? "").padStart(width))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** The medians with their spread, and how many times better the subject is. */
export function measuresTable({ measures, means }: Pick<Result, "measures" | "means">): string {
  const contestants = [...new Set(measures.flatMap(({ figures }) => Object.keys(figures)))];
  const cell = ({ figures, ratios }: Summary, name: string) => {
    const [figure, ratio] = [figures[name], ratios[name]];
    if (figure === undefined) return "";
    return ratio === undefined ? formatFigure(figure) : `${formatFigure(figure)}, ${formatRatio(ratio)}`;
  };
  const rows = measures.map((measure) => [measure.name, measure.unit, ...contestants.map((name) => cell(measure, name))]);
  const meanRows = Object.entries(means).map(([family, mean]) => {
    return [`${family}, geometric mean`, "", ...contestants.map((name) => (mean[name] === undefined ? "" : `${mean[name].toFixed(2)} ×`))];
  });
  return table(["", "unit", ...contestants], [...rows, ...meanRows]);
}

/** The table of the bar. Returns `undefined` without rows. */
export function barTable(results: readonly Result[]): string | undefined {
  const rows = barRows(results).map(({ what, measured, spread, atLeast, judgement }) => [
    what,
    measured.toFixed(2),
    formatSpread(spread),
    String(atLeast),
    judgement,
  ]);
  return rows.length > 0 ? table(["ratio", "measured", "spread", "at least", ""], rows) : undefined;
}

/** Explains the tables. */
export const legend =
  "Figures are medians over the rounds, ± half the interquartile range. The second number says how many times better `rpc` is (`engine` in the group `http2`): the median of the ratios in each round. ≈ marks ratios within the noise.";
