// A message of a set: its name, its type, and its content as a protobuf-es init shape.
import type { DescMessage } from "@bufbuild/protobuf";
import { file_bench_bench } from "../../gen/es/bench/bench_pb.js";
import { file_bench_json } from "../../gen/es/bench/json_pb.js";

export interface BenchMessage {
  readonly name: string;
  /** The name in the package `grpc_study.bench`. */
  readonly type: string;
  readonly init: Readonly<Record<string, unknown>>;
}

const files = [file_bench_bench, file_bench_json];

export function schemaOf({ type }: BenchMessage): DescMessage {
  const schema = files.flatMap(({ messages }) => messages).find(({ name }) => name === type);
  if (schema === undefined) throw new Error(`no message ${type}`);
  return schema;
}

/**
 * Converts the message for codecs that represent a oneof by a property for each field.
 *
 * @param long converts a 64-bit integer.
 */
export function plain(value: unknown, long: (value: bigint) => unknown): unknown {
  if (typeof value === "bigint") return long(value);
  if (Array.isArray(value)) return value.map((element) => plain(element, long));
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) =>
      typeof inner === "object" && inner !== null && "case" in inner && "value" in inner
        ? [String(inner.case), plain(inner.value, long)]
        : [key, plain(inner, long)],
    ),
  );
}
