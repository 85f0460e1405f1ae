import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Code } from "./code.ts";
import { detail, errorFromStatus, ofMethod, RpcError, statusFromError } from "./error.ts";
import { BadRequestSchema, RetryInfoSchema } from "./error-details.ts";
import { Metadata } from "./metadata.ts";

const badRequest = detail(BadRequestSchema, { fieldViolations: [{ field: "size", description: "is -1" }] });

test("details survive the round trip through a status, and are found by schema", () => {
  const sent = new RpcError(Code.INVALID_ARGUMENT, "大小不对 ✓", { details: [badRequest], metadata: { "x-a": "1" } });
  const received = errorFromStatus(statusFromError(sent));
  expect(received.code).toBe(Code.INVALID_ARGUMENT);
  expect(received.message).toBe("大小不对 ✓");
  expect([...received.metadata]).toEqual([["x-a", "1"]]);
  expect(received.findDetails(BadRequestSchema)[0]?.fieldViolations[0]).toMatchObject({ field: "size", description: "is -1" });
  expect(received.findDetails(RetryInfoSchema)).toEqual([]);
});

test("the trailer of the handler and the metadata of the error are sent together", () => {
  const trailer = new Metadata({ "x-trailer": "t" });
  const { metadata } = statusFromError(new RpcError(Code.ABORTED, "", { metadata: { "x-error": "e" } }), trailer);
  expect([...(metadata ?? [])]).toEqual([
    ["x-trailer", "t"],
    ["x-error", "e"],
  ]);
});

test("malformed details do not affect the status", () => {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from([0xff, 0xff, 0xff]));
  const error = errorFromStatus({ code: Code.NOT_FOUND, message: "gone", metadata });
  expect(error).toMatchObject({ code: Code.NOT_FOUND, message: "gone", details: [] });
});

test("instanceof accepts an RpcError from another copy of the package, and nothing else", async () => {
  const copy: typeof import("./error.ts") = await import(/* @vite-ignore */ `${"./error.ts"}?copy`);
  expect(copy.RpcError).not.toBe(RpcError);
  expect(new copy.RpcError(Code.ABORTED)).toBeInstanceOf(RpcError);
  expect(new Error("x")).not.toBeInstanceOf(RpcError);
  expect({ code: Code.ABORTED, message: "" }).not.toBeInstanceOf(RpcError);
});

test("instanceof works as usual for a subclass", () => {
  class Special extends RpcError {}
  expect(new Special(Code.ABORTED)).toBeInstanceOf(Special);
  expect(new RpcError(Code.ABORTED)).not.toBeInstanceOf(Special);
});

test("an RpcError cannot have the code OK", () => {
  expect(() => new RpcError(Code.OK)).toThrow(RangeError);
});

test.each([17, -1, 1.5, Number.NaN, "5", "NOT_FOUND", undefined])("an RpcError rejects the code %s", (code) => {
  const make = () => new RpcError(code as Code);
  expect(make).toThrow(typeof code === "number" ? RangeError : TypeError);
  expect(make).toThrow(`code must be a status code from 1 to 16, got ${inspect(code)}`);
});

test("a message with a lone surrogate can be sent", () => {
  expect(() => encodeURI(statusFromError(new RpcError(Code.ABORTED, "a\ud800b")).message)).not.toThrow();
});

test("toString() returns one line with the name of the code", () => {
  expect(String(new RpcError(Code.NOT_FOUND, "two\nlines"))).toBe("NOT_FOUND: two lines");
});

test("from() converts other errors to INTERNAL without their message", () => {
  const error = RpcError.from(new Error("password is hunter2"));
  expect(error).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
});

test("an error of a client's call has the method, which is not sent on; other errors have none", () => {
  const error = new RpcError(Code.ABORTED, "again");
  expect(error.method).toBeUndefined();
  expect(ofMethod("/a.B/C", error)).toBe(error);
  expect(error.method).toBe("/a.B/C");
  expect(String(error)).toBe("ABORTED: again");
  expect(errorFromStatus(statusFromError(error)).method).toBeUndefined();
});
