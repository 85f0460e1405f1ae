import { expect, test } from "vitest";
import { requestNames } from "../gateways/requests.ts";
import { workloads } from "../groups/workloads.ts";
import { summarise } from "../measure/summary.ts";
import { bars } from "./bar.ts";
import type { Result } from "./result.ts";

const machine = { cpu: "", cores: 2, memory: 1, system: "", pinned: true, versions: {} };

function result(
  group: string,
  samples: (name: string) => Record<string, number[]>,
  families: readonly string[],
  names: readonly string[],
): Result {
  const measures = (families.length > 0 ? families : [undefined]).flatMap((family) =>
    names.map((name) => summarise({ name, unit: "ns", better: "less", samples: samples(name), ...(family && { family }) })),
  );
  return { group, about: "", date: "2000-01-01", quick: true, machine, notes: [], means: {}, measures };
}

const contestants = ["grpc-js", "proto-loader", "nice-grpc", "connect-node", "protobufjs", "protobuf-es", "fastify", "gRPC client"];
const twice = () => ({ rpc: [1], ...Object.fromEntries(contestants.map((name) => [name, [2]])) });

const results: Record<string, Result> = {
  codec: result("codec", twice, ["encode", "decode"], ["a", "b"]),
  json: result("json", twice, ["parse", "print"], ["a"]),
  server: result(
    "server",
    twice,
    [],
    workloads.map(({ name }) => `${name}, plaintext`),
  ),
  client: result(
    "client",
    twice,
    [],
    workloads.map(({ name }) => name),
  ),
  gateway: result(
    "gateway",
    twice,
    [],
    requestNames.flatMap((name) => [`${name}, in process`, `${name}, over a socket`]),
  ),
};

test.each(bars)("$what ($group) names a figure that the group measures", ({ group, measured }) => {
  expect(measured(results[group] as Result)).toBeCloseTo(2);
});

test("the least of any message is of the worst one", () => {
  const samples = (name: string) => ({ rpc: [1], protobufjs: [name === "b" ? 0.5 : 4] });
  const bar = bars.find(({ what }) => what.includes("least"));
  expect(bar?.measured(result("codec", samples, ["encode", "decode"], ["a", "b", "c"]))).toBe(0.5);
});
