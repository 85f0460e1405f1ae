// Chart bars from the checked-in benchmark results.
import type { Group } from "./benchmarks.data.ts";

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly own?: boolean;
  readonly note?: string;
}

/** The results of a measure, best first. */
export function bars(group: Group | undefined, measure: string, contestants?: readonly string[]): Bar[] {
  const found = group?.measures.find(({ name }) => name === measure);
  if (found === undefined) throw new Error(`the benchmarks have no measure ${measure}`);
  const names = contestants ?? Object.keys(found.figures);
  const all = names.flatMap((name) => {
    const figure = found.figures[name];
    return figure === undefined ? [] : [{ name, value: figure.median, own: name === "rpc" || name === "engine" }];
  });
  return all.toSorted((a, b) => (found.better === "more" ? b.value - a.value : a.value - b.value));
}

/** The servers that the landing page compares: each uses its own codec or plain bytes. */
export const serverBars = (server: Group | undefined): Bar[] =>
  bars(server, "unary, 7 B, plaintext", ["rpc", "grpc-go", "proto-loader", "grpc-js", "nice-grpc"]);

/** How many times faster `rpc` is, from the means of a family of measures. */
export function ratioBars(group: Group | undefined, family: string): Bar[] {
  const means = group?.means[family];
  if (means === undefined) throw new Error(`the benchmarks have no means of ${family}`);
  const peers = Object.entries(means).map(([name, ratio]) => ({ name, value: 1 / ratio, note: `rpc: ${ratio.toFixed(1)} ×` }));
  return [{ name: "rpc", value: 1, own: true }, ...peers].toSorted((a, b) => b.value - a.value);
}
