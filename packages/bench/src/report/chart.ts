// Draws a group as a chart that compares each contestant with `rpc`. ECharts draws SVG without a
// browser.
import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { defaultSubject } from "../measure/measure.ts";
import type { Result } from "./result.ts";

use([BarChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

interface Category {
  readonly name: string;
  /** For each contestant, how many times better `rpc` is. */
  readonly ratios: Readonly<Record<string, number>>;
}

const width = 860;
const barHeight = 11;

/** Whether a group compares something, and has a chart. */
export const hasChart = (result: Result): boolean => categoriesOf(result).length > 0;

/** Returns the chart as SVG. */
export function chart({ group, measures, means, date }: Result): string {
  const categories = categoriesOf({ measures, means });
  const subject = measures[0]?.subject ?? defaultSubject;
  const contestants = [...new Set(categories.flatMap(({ ratios }) => Object.keys(ratios)))];
  const height = 110 + categories.length * ((contestants.length + 1) * barHeight + 14);
  const echarts = init(null, null, { renderer: "svg", ssr: true, width, height });
  echarts.setOption({
    animation: false,
    backgroundColor: "#fff",
    title: { text: group, subtext: `${subject} = 1, longer is better; ${date}`, left: "center" },
    // Without a browser, ECharts underestimates the width of texts.
    legend: { bottom: 4, itemGap: 30 },
    grid: { left: 230, right: 50, top: 60, bottom: 50 },
    xAxis: { type: "value", min: 0 },
    yAxis: {
      type: "category",
      inverse: true,
      data: categories.map(({ name }) => name),
      axisLabel: { width: 215, overflow: "break" },
      axisTick: { show: false },
    },
    series: [subject, ...contestants].map((contestant) => ({
      type: "bar",
      name: contestant,
      barWidth: barHeight - 1,
      barGap: "10%",
      data: categories.map(({ ratios }) => (contestant === subject ? 1 : speed(ratios[contestant]))),
      label: {
        show: true,
        position: "right",
        fontSize: 9,
        formatter: ({ value }: { value?: unknown }) => (typeof value === "number" ? value.toFixed(2) : ""),
      },
      ...(contestant === subject && { markLine: { silent: true, symbol: "none", label: { show: false }, data: [{ xAxis: 1 }] } }),
    })),
  });
  const svg = echarts.renderToSVGString();
  echarts.dispose();
  return svg;
}

/**
 * The categories of a chart: families by their means, because a chart of forty messages is
 * unreadable.
 */
function categoriesOf({ measures, means }: Pick<Result, "measures" | "means">): Category[] {
  const families = Object.entries(means).map(([name, ratios]) => ({ name, ratios }));
  if (families.length > 0) return families;
  return measures
    .filter(({ aside, ratios }) => aside !== true && Object.keys(ratios).length > 0)
    .map(({ name, ratios }) => ({ name, ratios: Object.fromEntries(Object.entries(ratios).map(([one, { median }]) => [one, median])) }));
}

const speed = (ratio: number | undefined) => (ratio === undefined ? null : Number((1 / ratio).toFixed(3)));
