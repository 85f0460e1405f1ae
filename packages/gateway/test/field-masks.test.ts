// The field mask cases of grpc-gateway.
import { createRegistry } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { RequestBinder } from "../src/fields/bind-request.ts";
import { fieldMaskCases } from "./cases/field-masks.ts";
import { Things, type UpdateRequest } from "./gen/things_pb.js";
import { bindingOf } from "./things.ts";

test.each(fieldMaskCases)("$name", ({ body, paths }) => {
  const binding = bindingOf({ pattern: { case: "patch", value: "/v1/thing" }, body: "thing" }, Things.method.update);
  const binder = new RequestBinder(binding, { json: { registry: createRegistry(DurationSchema) }, rejectUnknownParameters: false });
  const { updateMask } = binder.bind({ segments: ["v1", "thing"], query: "" }, body) as UpdateRequest;
  expect(updateMask?.paths).toEqual(paths.toSorted());
});
