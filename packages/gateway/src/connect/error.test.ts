import { create } from "@bufbuild/protobuf";
import { AnySchema, DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, detail, Metadata, RpcError } from "@grpc-study/rpc";
import { RetryInfoSchema } from "@grpc-study/rpc/error-details";
import { expect, test } from "vitest";
import { withKnownTypes } from "../known-types.ts";
import { codeName, endOfStream, errorBody } from "./error.ts";

const registry = withKnownTypes();

test("codes have the names of the specification", () => {
  const names = Array.from({ length: 16 }, (_, n) => codeName((n + 1) as Code));
  expect(names).toEqual([
    "canceled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
  ]);
});

test("an error of the specification has its details in base64 and in JSON", () => {
  const retry = detail(RetryInfoSchema, { retryDelay: create(DurationSchema, { seconds: 30n }) });
  const error = new RpcError(Code.UNAVAILABLE, "overloaded: back off and retry", { details: [retry] });
  expect(JSON.parse(errorBody(error, registry))).toEqual({
    code: "unavailable",
    message: "overloaded: back off and retry",
    details: [{ type: "google.rpc.RetryInfo", value: "CgIIHg", debug: { retryDelay: "30s" } }],
  });
});

test("a detail of an unknown type, or with malformed bytes, has no JSON form", () => {
  const unknown = create(AnySchema, { typeUrl: "type.googleapis.com/shop.v1.Reason", value: new Uint8Array([1]) });
  const malformed = create(AnySchema, { typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value: new Uint8Array([255]) });
  const error = new RpcError(Code.NOT_FOUND, "", { details: [unknown, malformed] });
  expect(errorBody(error, registry)).toBe(
    '{"code":"not_found","details":[{"type":"shop.v1.Reason","value":"AQ"},{"type":"google.rpc.RetryInfo","value":"/w"}]}',
  );
});

test("the end of a stream has an error only after a failure, and metadata only if there is some", () => {
  const trailer = new Metadata({ "acme-operation-cost": ["237", "1"], "x-bin": new Uint8Array([1, 2]), "connect-x": "hidden" });
  const metadata = { "acme-operation-cost": ["237", "1"], "x-bin": ["AQI"] };
  expect(endOfStream(undefined, undefined, registry)).toBe("{}");
  expect(endOfStream(new Metadata(), undefined, registry)).toBe("{}");
  expect(JSON.parse(endOfStream(trailer, undefined, registry))).toEqual({ metadata });
  expect(JSON.parse(endOfStream(trailer, new RpcError(Code.CANCELLED, "x"), registry))).toEqual({
    error: { code: "canceled", message: "x" },
    metadata,
  });
});
