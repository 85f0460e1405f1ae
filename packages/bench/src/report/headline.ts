// Draws the picture of the root README: unary calls per second on one core, for each gRPC server.
import { BarChart } from "echarts/charts";
import { GridComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Result } from "./result.ts";

use([BarChart, GridComponent, TitleComponent, SVGRenderer]);

const measure = "unary, 7 B, plaintext";
/** The gRPC servers. The other contestants serve HTTP/2 without gRPC, with constant responses. */
const servers = ["rpc", "grpc-go", "proto-loader", "grpc-js", "nice-grpc"];
const own = "rpc";
const rowHeight = 30;

/** Returns the picture as SVG, or `undefined` if the group does not have the measure. */
export function headline({ measures, date }: Result): string | undefined {
  const figures = measures.find(({ name }) => name === measure)?.figures;
  if (figures === undefined) return undefined;
  const bars = servers
    .flatMap((name) => (figures[name] === undefined ? [] : [{ name, value: Math.round(figures[name].median) }]))
    .toSorted((a, b) => b.value - a.value);
  const echarts = init(null, null, { renderer: "svg", ssr: true, width: 860, height: 80 + bars.length * rowHeight });
  echarts.setOption({
    animation: false,
    backgroundColor: "#fff",
    title: { text: "Unary calls per second on one core", subtext: `7 bytes each way, plaintext, median; ${date}`, left: "center" },
    grid: { left: 130, right: 90, top: 64, bottom: 16 },
    xAxis: { type: "value", show: false },
    yAxis: { type: "category", inverse: true, data: bars.map(({ name }) => name), axisTick: { show: false }, axisLine: { show: false } },
    series: [
      {
        type: "bar",
        barWidth: 18,
        data: bars.map(({ name, value }) => ({ value, itemStyle: { color: name === own ? "#2f6fdb" : "#b4bccb" } })),
        label: { show: true, position: "right", formatter: ({ value }: { value?: unknown }) => Number(value).toLocaleString("en-US") },
      },
    ],
  });
  const svg = echarts.renderToSVGString();
  echarts.dispose();
  return svg;
}
