// What is to hold: the least ratios, by which a change is judged.
import { geometricMean, median } from "../measure/statistics.ts";
import type { Result } from "./result.ts";

export interface Bar {
  readonly group: string;
  readonly what: string;
  readonly atLeast: number;
  /** Undefined if the result has no such figure. */
  readonly measured: (result: Result) => number | undefined;
}

/** Of a measure: how many times better `rpc` is than another contestant. */
const ratio = (group: string, name: string, against: string, atLeast: number): Bar => ({
  group,
  what: `${name}: × ${against}`,
  atLeast,
  measured: ({ measures }) => measures.find((measure) => measure.name === name)?.ratios[against]?.median,
});

/** Over all measures of some families. */
const over = (
  group: string,
  families: readonly string[],
  what: string,
  against: string,
  atLeast: number,
  combine: (ratios: readonly number[]) => number,
): Bar => ({
  group,
  what: `${families.join(" and ")}, ${what}: × ${against}`,
  atLeast,
  measured({ measures }) {
    const ratios = measures.flatMap(({ family = "", ratios }) => (families.includes(family) ? (ratios[against]?.median ?? []) : []));
    return ratios.length > 0 ? combine(ratios) : undefined;
  },
});

const both = ["encode", "decode"];
const least = (ratios: readonly number[]) => Math.min(...ratios);

export const bars: readonly Bar[] = [
  over("codec", both, "geometric mean", "protobufjs", 1.3, geometricMean),
  over("codec", both, "geometric mean", "protobuf-es", 3.5, geometricMean),
  over("codec", both, "the least of any message", "protobufjs", 0.9, least),
  over("json", ["parse"], "median", "protobuf-es", 3, median),
  over("json", ["print"], "median", "protobuf-es", 2, median),
  ratio("server", "unary, 7 B, plaintext", "grpc-js", 0.95),
  ratio("server", "unary, 7 B, plaintext", "proto-loader", 1),
  ratio("server", "unary, 7 B, plaintext", "nice-grpc", 1),
  ratio("server", "unary, 7 B, plaintext", "connect-node", 4),
  ratio("server", "unary, 2.8 KB, plaintext", "grpc-js", 0.8),
  ratio("server", "unary, 2.8 KB, plaintext", "proto-loader", 1.3),
  ratio("server", "server stream, 7 B, plaintext", "grpc-js", 0.9),
  ratio("server", "server stream, 7 B, plaintext", "proto-loader", 1.05),
  ratio("server", "server stream, 7 B, plaintext", "nice-grpc", 1.6),
  ratio("server", "server stream, 7 B, plaintext", "connect-node", 2.3),
  ratio("client", "unary, 7 B", "grpc-js", 1.1),
  ratio("client", "unary, 7 B", "nice-grpc", 1.4),
  ratio("client", "unary, 7 B", "connect-node", 2.5),
  ratio("gateway", "GET /v1/prod/998, over a socket", "gRPC client", 0.65),
  ratio("gateway", "POST /v1/orders, over a socket", "gRPC client", 0.65),
  ratio("gateway", "GET /v1/prod/998, in process", "fastify", 0.5),
  ratio("gateway", "POST /v1/orders, in process", "fastify", 0.5),
];
