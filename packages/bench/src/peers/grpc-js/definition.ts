// The service definition, with Buffers as messages.
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { Bench } from "../../../gen/es/bench/bench_pb.js";

const same = (bytes: Buffer) => bytes;

type Method = MethodDefinition<Buffer, Buffer>;

export const definition: ServiceDefinition & Record<string, Method> = Object.fromEntries(
  Bench.methods.map(({ name, methodKind }) => [
    name,
    {
      path: `/${Bench.typeName}/${name}`,
      requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
      responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    } satisfies Method,
  ]),
);
