// A message of a set: its name, its type, and its content, as protobuf-es takes it.
import type { DescMessage } from "@bufbuild/protobuf";
import { file_bench_bench } from "../../gen/es/bench/bench_pb.js";
import { file_bench_json } from "../../gen/es/bench/json_pb.js";

export interface BenchMessage {
  readonly name: string;
  /** Within the package `grpc_study.bench`. */
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
 * The same message for the codecs that have no `case` and `value` in a oneof, but a property for each field.
 * @param long what an integer of 64 bits is
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
