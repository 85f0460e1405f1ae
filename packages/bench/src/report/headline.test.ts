import { expect, test } from "vitest";
import { summarise } from "../measure/summary.ts";
import { headline } from "./headline.ts";

const machine = { cpu: "", cores: 2, memory: 1, system: "", pinned: true, versions: {} };

function result(name: string) {
  const measures = [
    summarise({ name, unit: "calls/s", better: "more", samples: { rpc: [4567], "node:http2": [5000], "grpc-js": [1234] } }),
  ];
  return { group: "server", about: "", date: "2000-01-02", quick: false, machine, notes: [], means: {}, measures };
}

test("the picture of the README shows each gRPC server with its figure, fastest first", () => {
  const svg = headline(result("unary, 7 B, plaintext")) ?? "";
  const texts = [...svg.matchAll(/>([^<>]+)<\/text>/g)].map(([, text]) => text);
  expect(texts).toEqual(expect.arrayContaining(["rpc", "4,567", "grpc-js", "1,234"]));
  expect(texts).not.toContain("node:http2");
  expect(texts.indexOf("rpc")).toBeLessThan(texts.indexOf("grpc-js"));
});

test("a result without the measure has no picture", () => {
  expect(headline(result("unary, 2.8 KB, plaintext"))).toBeUndefined();
});
