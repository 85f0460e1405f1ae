import { expect, test } from "vitest";
import { clientWorkloads, memoryNames, serverWorkloads, tlsWorkloads as tlsEchoWorkloads } from "../echoes/workloads.ts";
import { requestNames } from "../gateways/requests.ts";
import { passThroughName } from "../groups/gateway.ts";
import { interceptorNames } from "../groups/interceptors.ts";
import { propagationNames } from "../groups/propagation.ts";
import { telemetryNames } from "../groups/telemetry.ts";
import {
  firstSecondName,
  idleStreamNames,
  latencyName,
  laterName,
  percentiles,
  serverPeers,
  tlsWorkloads,
  workloads,
} from "../groups/workloads.ts";
import { summarise } from "../measure/summary.ts";
import { barRows, bars } from "./bar.ts";
import type { Result } from "./result.ts";

const machine = { cpu: "", cores: 2, memory: 1, system: "", pinned: true, versions: {} };

function result(
  group: string,
  samples: (name: string) => Record<string, number[]>,
  families: readonly string[],
  names: readonly string[],
  subject?: string,
): Result {
  const measures = (families.length > 0 ? families : [undefined]).flatMap((family) =>
    names.map((name) =>
      summarise({ name, unit: "ns", better: "less", samples: samples(name), ...(family && { family }), ...(subject && { subject }) }),
    ),
  );
  return { group, about: "", date: "2000-01-01", quick: true, machine, notes: [], means: {}, measures };
}

const twice = (contestants: readonly string[]) => ({ ...Object.fromEntries(contestants.map((name) => [name, [2]])), rpc: [1] });
const codecs = () => twice(["protobufjs", "protobuf-es"]);
const others = () => twice([...serverPeers, laterName]);
const ofWorkload = (side: "servers" | "clients") => (name: string) =>
  twice((name.endsWith("TLS") ? tlsWorkloads : workloads).find((workload) => name.startsWith(workload.name))?.[side] ?? []);

const http2Names = [...serverWorkloads, ...tlsEchoWorkloads, ...clientWorkloads].map(({ name }) => name);

const results: Result[] = [
  result(
    "http2",
    () => ({ engine: [1], "node:http2": [2], "grpc-go": [2], net: [2] }),
    [],
    [...http2Names, ...Object.values(memoryNames)],
    "engine",
  ),
  result("codec", codecs, ["encode", "encode made", "decode"], ["a", "b"]),
  result("json", codecs, ["parse", "print"], ["a"]),
  result(
    "server",
    ofWorkload("servers"),
    [],
    [...workloads.map(({ name }) => `${name}, plaintext`), ...tlsWorkloads.map(({ name }) => `${name}, TLS`)],
  ),
  result(
    "client",
    ofWorkload("clients"),
    [],
    workloads.map(({ name }) => name),
  ),
  result("client", others, [], [...percentiles.map(latencyName), firstSecondName]),
  result("memory", others, [], Object.values(idleStreamNames)),
  result("interceptors", () => ({ observed: [1], without: [2] }), [], Object.values(interceptorNames), "observed"),
  result("propagation", () => ({ entered: [1], without: [2] }), [], [propagationNames.unary, propagationNames.stream], "entered"),
  result("propagation", () => ({ inherited: [1], "by hand": [2], nothing: [2] }), [], [propagationNames.on], "inherited"),
  result("telemetry", () => ({ "no SDK": [1], nothing: [2], "an observer": [2] }), [], [telemetryNames.unary], "no SDK"),
  result(
    "gateway",
    () => twice(["fastify", "gRPC client", "in process", "grpc-gateway", "connect-node"]),
    [],
    requestNames.flatMap((name) => [`${name}, in process`, `${name}, over a socket`]),
  ),
  result("gateway", () => ({ "in process": [1], "rpc server": [2] }), [], [passThroughName], "in process"),
];

test.each(bars)("$what ($group) refers to an existing measure", ({ group, what }) => {
  const row = barRows(results).find((row) => row.what === `${group}: ${what}`);
  expect(row?.measured).toBeCloseTo(2);
});

const rowOf = (one: Result, text: string) => barRows([one]).find(({ what }) => what.includes(text));

test("the lowest message is the one with the lowest median, not the one with the lowest round", () => {
  const ratios: Record<string, number[]> = { a: [0.1, 4, 4], b: [2, 0.5, 0.5], c: [9, 9, 9] };
  const samples = (name: string) => ({ rpc: [1, 1, 1], protobufjs: ratios[name] ?? [] });
  expect(rowOf(result("codec", samples, ["encode", "decode"], ["a", "b", "c"]), "lowest")?.measured).toBe(0.5);
});

test("the mean over a set is computed for each round", () => {
  const ratios: Record<string, number[]> = { a: [1, 8, 1], b: [4, 2, 1] };
  const samples = (name: string) => ({ rpc: [1, 1, 1], protobufjs: ratios[name] ?? [] });
  const row = rowOf(result("codec", samples, ["encode", "decode"], ["a", "b"]), "geometric mean");
  expect(row?.measured).toBeCloseTo(2);
  expect(row?.spread[1]).toBeCloseTo(3);
});

test.each([
  ["met", [1.4, 1.35, 1.31, 1.5, 1.4, 1.33, 1.32]],
  ["not met", [1.2, 1.25, 1.29, 1.1, 1.2, 1.22, 1.27]],
  ["inside the noise", [1.4, 1.35, 1.31, 1.5, 1.4, 1.33, 1.29]],
  ["too few rounds", [2, 2, 2, 2, 2]],
])("a bar of 1.3 is %s with ratios of %j", (judgement, ratios) => {
  const samples = () => ({ rpc: ratios.map(() => 1), protobufjs: ratios });
  expect(rowOf(result("codec", samples, ["encode", "decode"], ["a"]), "geometric mean")?.judgement).toBe(judgement);
});
