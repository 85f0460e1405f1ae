import { expect, test } from "vitest";
import { summarise } from "../measure/summary.ts";
import { chart, hasChart } from "./chart.ts";

const machine = { cpu: "", cores: 2, memory: 1, system: "", pinned: true, versions: {} };

test("a chart names the measures and the contestants", () => {
  const measures = [summarise({ name: "unary, 7 B", unit: "calls/s", better: "more", samples: { rpc: [4], "nice-grpc": [1] } })];
  const svg = chart({ group: "server", about: "", date: "2000-01-02", quick: false, machine, notes: [], means: {}, measures });
  expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
  for (const text of ["server", "2000-01-02", "unary, 7 B", "nice-grpc", "0.25"]) expect(svg).toContain(text);
});

test("a group that compares nothing has no chart", () => {
  const result = { group: "shop", about: "", date: "2000-01-02", quick: false, machine, notes: [], means: {} };
  const measure = (samples: Record<string, number[]>) => summarise({ name: "orders", unit: "orders/s", better: "more", samples });
  expect(hasChart({ ...result, measures: [measure({ PGlite: [4], PostgreSQL: [5] })] })).toBe(false);
  expect(hasChart({ ...result, measures: [measure({ rpc: [4], "nice-grpc": [1] })] })).toBe(true);
});
