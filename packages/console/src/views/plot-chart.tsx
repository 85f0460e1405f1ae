// The drawing of a plot, by uPlot. It is loaded when it is first shown.
import { useEffect, useRef, useState } from "preact/hooks";
import UPlot from "uplot";
import { theme } from "../state/settings.ts";
import "uplot/dist/uPlot.min.css";

const height = 240;

export interface ChartProps {
  readonly label: string;
  readonly xLabel: string;
  /** Whether x is seconds since 1970. */
  readonly isTime: boolean;
  /** In the order of x. */
  readonly points: readonly [x: number[], y: number[]];
}

export function Chart({ label, xLabel, isTime, points }: ChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const [isDark, setDark] = useState(false);
  const [hovered, setHovered] = useState("");
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const change = () => setDark(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  useEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    // The style sheet has the colours of the theme.
    const { color, borderTopColor, caretColor, fontFamily } = getComputedStyle(current);
    const axis = {
      stroke: caretColor,
      font: `12px ${fontFamily}`,
      labelFont: `12px ${fontFamily}`,
      grid: { stroke: borderTopColor },
      ticks: { stroke: borderTopColor },
    };
    const own = new UPlot(
      {
        width: current.clientWidth,
        height,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: isTime } },
        axes: [
          { ...axis, label: xLabel },
          { ...axis, label, size: 70 },
        ],
        series: [{}, { label, stroke: color, width: 1.5 }],
        hooks: {
          setCursor: [
            ({ cursor: { idx }, data: [xs, ys] }) => {
              const [x, y] = idx == null ? [] : [xs[idx], ys?.[idx]];
              setHovered(x === undefined || y == null ? "" : `${isTime ? new Date(x * 1000).toISOString() : x}: ${y}`);
            },
          ],
        },
      },
      [points[0], points[1]],
      current,
    );
    plot.current = own;
    const observer = new ResizeObserver(() => own.setSize({ width: current.clientWidth, height }));
    observer.observe(current);
    return () => {
      observer.disconnect();
      own.destroy();
      plot.current = undefined;
    };
  }, [label, xLabel, isTime, theme.value, isDark]);
  useEffect(() => plot.current?.setData([points[0], points[1]]), [points]);
  return (
    <>
      <div class="plot" ref={element} aria-hidden="true" />
      <p class="hint hovered" aria-hidden="true">
        {hovered}
      </p>
    </>
  );
}
