import { createRegistry } from "@bufbuild/protobuf";
import { DurationSchema, FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema } from "@grpc-study/rpc/error-details";
import { expect, test } from "vitest";
import { ThingSchema } from "../test/gen/things_pb.js";
import { withKnownTypes } from "./known-types.ts";

test("a registry's own types take precedence over known ones", () => {
  const registry = createRegistry();
  const both = withKnownTypes(registry);
  expect(both.getMessage("google.rpc.ErrorInfo")).toBe(ErrorInfoSchema);
  expect(withKnownTypes(createRegistry(ThingSchema, DurationSchema, FieldMaskSchema)).getMessage(ThingSchema.typeName)).toBe(ThingSchema);
  expect([...both].map(({ typeName }) => typeName)).toContain("google.rpc.Status");
});
