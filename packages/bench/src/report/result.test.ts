import { expect, test } from "vitest";
import type { Measure } from "../measure/measure.ts";
import { briefOf } from "./brief.ts";
import { makeResult, resultText } from "./result.ts";

const machine = { cpu: "", cores: 2, memory: 1, system: "", pinned: true, versions: {} };
const group = { name: "client", about: "about", run: () => Promise.reject(new Error("not here")) };
const measures: Measure[] = [
  { name: "unary, 7 B", unit: "calls/s", better: "more", samples: { rpc: [12, 12], "grpc-js": [10, 6] } },
  { name: "other", unit: "ms", better: "less", samples: { rpc: [1], "grpc-js": [1] } },
];
const made = makeResult(group, { measures, notes: ["a note"] }, machine, false);

test("a result has one line for each measure, and survives a round trip", () => {
  const text = resultText(made);
  expect(JSON.parse(text)).toEqual(made);
  expect(text.split("\n").filter((line) => line.includes('"figures"'))).toHaveLength(2);
});

test("the brief has medians and ratios by name, and the rows of the bar", () => {
  const brief = briefOf([made], machine, false);
  expect(brief.measures["client: unary, 7 B"]).toEqual({ unit: "calls/s", medians: { rpc: 12, "grpc-js": 8 }, ratios: { "grpc-js": 1.6 } });
  expect(brief.bar).toEqual([
    { what: "client: unary, 7 B: × grpc-js", atLeast: 6, measured: 1.6, spread: [1.4, 1.8], judgement: "too few rounds" },
  ]);
});
