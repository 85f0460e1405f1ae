import { Code } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { checkVersion, contentTypeOf, timeoutOf } from "./request-headers.ts";

test.each([
  ["application/json", { stream: false, format: "json" }],
  ["Application/JSON; charset=UTF-8", { stream: false, format: "json" }],
  ["application/json;charset=latin1", { stream: false, format: undefined }],
  ["application/proto", { stream: false, format: "proto" }],
  ["application/connect+json", { stream: true, format: "json" }],
  ["application/connect+proto", { stream: true, format: "proto" }],
  ["application/connect+thrift", { stream: true, format: undefined }],
  ["application/grpc", undefined],
  ["application/x-www-form-urlencoded", undefined],
  ["text/plain", undefined],
  ["", undefined],
  [undefined, undefined],
])("the content type %j is %j", (value, type) => {
  expect(contentTypeOf(value)).toEqual(type);
});

test.each([
  ["0", 0],
  ["5000", 5000],
  ["9999999999", 9_999_999_999],
])("connect-timeout-ms: %s is %d ms", (value, ms) => {
  expect(timeoutOf({ "connect-timeout-ms": value })).toBe(ms);
  expect(timeoutOf({})).toBeUndefined();
});

test.each(["", "-1", "1.5", "1s", "10000000000", "0x10", "५"])("connect-timeout-ms: %j is INVALID_ARGUMENT", (value) => {
  expect(() => timeoutOf({ "connect-timeout-ms": value })).toThrow(
    expect.objectContaining({ code: Code.INVALID_ARGUMENT, message: expect.stringContaining(JSON.stringify(value)) }),
  );
});

test("only version 1 is valid, and it is optional", () => {
  checkVersion({});
  checkVersion({ "connect-protocol-version": "1" });
  for (const version of ["", "0", "1.0", "2"]) {
    expect(() => checkVersion({ "connect-protocol-version": version })).toThrow(expect.objectContaining({ code: Code.INVALID_ARGUMENT }));
  }
});
