// The bar: the minimum ratios that a change must keep.

import { geometricMean, type Interval, interquartileRange, type Judgement, judge, median } from "../measure/statistics.ts";
import { combineRounds, type Summary } from "../measure/summary.ts";
import type { Result } from "./result.ts";

export interface Bar {
  readonly group: string;
  readonly what: string;
  readonly atLeast: number;
  /** The ratio in each round. Empty if the result has no such measure. */
  readonly rounds: (result: Pick<Result, "measures">) => readonly number[];
}

/** A minimum for one measure: how many times better its subject is than another contestant. */
const ratio = (group: string, name: string, against: string, atLeast: number): Bar => ({
  group,
  what: `${name}: × ${against}`,
  atLeast,
  rounds: ({ measures }) => measures.find((measure) => measure.name === name)?.ratios[against]?.rounds ?? [],
});

type Combine = (measures: readonly Summary[], against: string) => readonly number[];

/** A minimum over all measures of some families. */
const over = (group: string, families: readonly string[], [what, combine]: [string, Combine], against: string, atLeast: number): Bar => ({
  group,
  what: `${families.join(" and ")}, ${what}: × ${against}`,
  atLeast,
  rounds: ({ measures }) =>
    combine(
      measures.filter(({ family = "" }) => families.includes(family)),
      against,
    ),
});

const mean: [string, Combine] = ["geometric mean", (measures, against) => combineRounds(measures, against, geometricMean)];
const medianMessage: [string, Combine] = ["median message", (measures, against) => combineRounds(measures, against, median)];
/**
 * The message with the lowest median, rather than the lowest ratio of each round, which is an
 * outlier.
 */
const lowest: [string, Combine] = [
  "lowest message",
  (measures, against) => measures.flatMap(({ ratios }) => ratios[against] ?? []).toSorted((a, b) => a.median - b.median)[0]?.rounds ?? [],
];

export const bars: readonly Bar[] = [
  over("codec", ["encode", "decode"], mean, "protobufjs", 1.3),
  over("codec", ["encode", "decode"], mean, "protobuf-es", 3.5),
  over("codec", ["encode", "decode"], lowest, "protobufjs", 0.9),
  // The same with existing messages, which protobuf-es does not create first.
  over("codec", ["encode made", "decode"], mean, "protobufjs", 1.3),
  over("codec", ["encode made", "decode"], mean, "protobuf-es", 3.5),
  over("codec", ["encode made", "decode"], lowest, "protobufjs", 0.9),
  over("json", ["parse"], mean, "protobuf-es", 3),
  over("json", ["print"], mean, "protobuf-es", 2),
  over("json", ["parse"], medianMessage, "protobuf-es", 3),
  over("json", ["print"], medianMessage, "protobuf-es", 2),
  ratio("server", "unary, 7 B, plaintext", "grpc-js", 5),
  ratio("server", "unary, 7 B, plaintext", "node:http2", 3),
  ratio("server", "unary, 7 B, plaintext", "grpc-go", 1.3),
  ratio("server", "unary, 2.8 KB, plaintext", "grpc-js", 2.5),
  ratio("server", "unary, 7 B, TLS", "grpc-js", 3),
  ratio("server", "server stream, 7 B, plaintext", "grpc-js", 10),
  // In both rows, the minimum is what `rpc` reached on node:http2.
  ratio("server", "client stream, 7 B, plaintext", "grpc-js", 1.5),
  ratio("server", "bidi ping-pong, 7 B, plaintext", "grpc-js", 3),
  ratio("client", "unary, 7 B", "grpc-js", 6),
  ratio("client", "server stream, 7 B", "grpc-js", 0.8),
  ratio("client", "client stream, 7 B", "grpc-js", 7.8),
  ratio("client", "unary, 7 B, in the first second", "rpc, later", 0.5),
  ratio("client", "latency p99 at 2000 calls/s", "grpc-js", 1),
  ratio("client", "latency p99 at 2000 calls/s", "nice-grpc", 1),
  ratio("client", "latency p99 at 2000 calls/s", "connect-node", 1),
  // An interceptor that only observes costs at most 5 % of a unary call.
  ratio("interceptors", "server, unary, 7 B", "without", 0.95),
  ratio("interceptors", "server, unary, 7 B, async handler", "without", 0.95),
  ratio("interceptors", "client, unary, 7 B", "without", 0.95),
  ratio("interceptors", "client and server, unary, 7 B", "without", 0.95),
  // Half the bytes.
  ratio("memory", "heap, idle stream", "grpc-js", 2),
  ratio("memory", "resident, idle stream", "grpc-js", 2),
  ratio("propagation", "server, unary, 7 B", "without", 0.75),
  ratio("propagation", "server, server stream, 7 B", "without", 0.9),
  ratio("propagation", "handler that calls on, unary, 7 B", "by hand", 1.1),
  ratio("propagation", "handler that calls on, unary, 7 B", "nothing", 0.75),
  // Without an SDK, calls run without the interceptor; a call pays for the look-up of an SDK.
  ratio("telemetry", "server, unary, 7 B", "nothing", 0.85),
  ratio("telemetry", "server, unary, 7 B", "an observer", 0.9),
  ratio("gateway", "GET /v1/prod/998, in process", "fastify", 0.6),
  ratio("gateway", "POST /v1/orders, in process", "fastify", 0.5),
  ratio("gateway", "GET /v1/prod/998, over a socket", "in process", 0.75),
  ratio("gateway", "GET /v1/prod/998, over a socket", "grpc-gateway", 1),
  ratio("gateway", "Connect unary, JSON, in process", "connect-node", 4),
  ratio("gateway", "gRPC passed through, unary, 7 B", "rpc server", 0.7),
  ratio("http2", "server, 100 in flight, 1 connection", "node:http2", 5),
  ratio("http2", "server, 100 in flight, 1 connection", "grpc-go", 2),
  ratio("http2", "server, 100 in flight, 4 connections", "node:http2", 5),
  ratio("http2", "server, 100 in flight, 4 connections", "grpc-go", 2),
  ratio("http2", "server, 100 in flight, 4 connections, TLS", "node:http2", 3),
  ratio("http2", "server, one in flight", "node:http2", 1.2),
  ratio("http2", "1 MiB to the server", "node:http2", 1.5),
  ratio("http2", "1 MiB to the server", "net", 0.6),
  ratio("http2", "1 MiB from the server", "node:http2", 1.5),
  ratio("http2", "1 MiB from the server", "net", 0.6),
  ratio("http2", "client, 100 in flight, 1 connection", "node:http2", 8),
  ratio("http2", "client, one in flight", "node:http2", 1.2),
  // Half the bytes.
  ratio("http2", "heap, idle stream", "node:http2", 2),
  ratio("http2", "resident, idle stream", "node:http2", 2),
];

/** A row of the bar with its measured ratio. */
export interface BarRow {
  readonly what: string;
  readonly atLeast: number;
  /** The median over the rounds. */
  readonly measured: number;
  /** The interquartile range. */
  readonly spread: Interval;
  readonly judgement: Judgement;
}

/** The rows of the groups in the results. */
export function barRows(results: readonly Pick<Result, "group" | "measures">[]): BarRow[] {
  return bars.flatMap(({ group, what, atLeast, rounds }) => {
    const ratios = results.flatMap((result) => (result.group === group ? rounds(result) : []));
    if (ratios.length === 0) return [];
    return [
      {
        what: `${group}: ${what}`,
        atLeast,
        measured: median(ratios),
        spread: interquartileRange(ratios),
        judgement: judge(ratios, atLeast),
      },
    ];
  });
}
