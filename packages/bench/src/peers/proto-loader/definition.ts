// The service definition that proto-loader loads from the .proto file.
import { loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const protos = new URL("../../../proto", import.meta.url).pathname;

interface Loaded {
  readonly grpc_study: { readonly bench: { readonly Bench: ServiceClientConstructor } };
}

// The content of a package is only known at run time.
export const { Bench } = (loadPackageDefinition(loadSync("bench/bench.proto", { includeDirs: [protos] })) as unknown as Loaded).grpc_study
  .bench;

export interface Amount {
  readonly count: number;
}
