// Compiles the printed buf/validate/validate.proto and compares it with the descriptor it was
// printed from.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { clearField, createRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "vitest";

const packages = fileURLToPath(new URL("../..", import.meta.url));

test.each(["proto", "rpc"])("validate.proto in packages/%s compiles to the descriptor that protovalidate carries", (name) => {
  const output = execFileSync(
    `${packages}/proto/node_modules/.bin/buf`,
    ["build", "third_party/buf/validate/validate.proto", "-o", "-#format=binpb", "--as-file-descriptor-set", "--exclude-source-info"],
    { cwd: `${packages}/${name}` },
  );
  const compiled = fromBinary(FileDescriptorSetSchema, output).file.find((file) => file.name === "buf/validate/validate.proto");
  if (compiled === undefined) throw new Error("the output of buf has no buf/validate/validate.proto");
  // buf sets `syntax` for proto2, protoc does not.
  if (compiled.syntax === "proto2") clearField(compiled, FileDescriptorProtoSchema.field.syntax);
  const registry = createRegistry(file_buf_validate_validate);
  const json = (file: FileDescriptorProto) => toJson(FileDescriptorProtoSchema, file, { registry });
  expect(JSON.stringify(json(file_buf_validate_validate.proto))).toContain("[buf.validate.predefined]");
  expect(json(compiled)).toEqual(json(file_buf_validate_validate.proto));
});
