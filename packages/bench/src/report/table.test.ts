import { expect, test } from "vitest";
import { summarise } from "../measure/summary.ts";
import { measuresTable, table } from "./table.ts";

test("aligns the columns of a table, the first one to the left", () => {
  expect(table(["", "unit"], [["encode", "ns"]])).toBe("|        | unit |\n|--------|-----:|\n| encode |   ns |");
});

test("a contestant without a sample has an empty cell", () => {
  const measures = [
    summarise({ name: "a", unit: "ns", better: "less", samples: { rpc: [1], other: [2], third: [3] } }),
    summarise({ name: "b", unit: "ns", better: "less", samples: { rpc: [1], third: [3] } }),
  ];
  const [, , a, b] = measuresTable({ measures, means: {} }).split("\n");
  expect(a).toMatch(/^\| a +\| +ns \| +1\.00 \| +2\.00, ≈ 2\.00 × \| +3\.00, ≈ 3\.00 × \|$/);
  expect(b).toMatch(/^\| b +\| +ns \| +1\.00 \| +\| +3\.00, ≈ 3\.00 × \|$/);
});
