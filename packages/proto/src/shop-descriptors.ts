// The descriptors of the shop's .proto files, with the comments that generated code lacks.
import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Reads `gen/shop.binpb`, which the build writes. */
export function shopDescriptors(): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, readFileSync(new URL("../gen/shop.binpb", import.meta.url)));
}
