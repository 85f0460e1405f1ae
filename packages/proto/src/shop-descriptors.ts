// The shop's .proto files with their comments, which generated code does not have.
import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Reads what the build has written. */
export function shopDescriptors(): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, readFileSync(new URL("../gen/shop.binpb", import.meta.url)));
}
