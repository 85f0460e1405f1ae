// The service, as proto-loader reads it from the .proto file.
import { loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const protos = new URL("../../../proto", import.meta.url).pathname;

interface Loaded {
  readonly grpc_study: { readonly bench: { readonly Bench: ServiceClientConstructor } };
}

// What is in a package is known once it is loaded.
export const { Bench } = (loadPackageDefinition(loadSync("bench/bench.proto", { includeDirs: [protos] })) as unknown as Loaded).grpc_study
  .bench;

export interface Amount {
  readonly count: number;
}
