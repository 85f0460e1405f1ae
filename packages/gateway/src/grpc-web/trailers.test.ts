import { create, fromBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, detail, Metadata, RpcError } from "@grpc-study/rpc";
import { file_google_rpc_status, RetryInfoSchema } from "@grpc-study/rpc/error-details";
import { expect, test } from "vitest";
import { trailers } from "./trailers.ts";

const textOf = (frame: Buffer) => frame.subarray(5).toString("latin1");

test("the trailers of a successful call are an envelope with the flag 0x80", () => {
  const frame = trailers(new Metadata({ "x-a": ["1", "2"], "x-bin": new Uint8Array([255]), "grpc-x": "hidden" }));
  expect(frame.subarray(0, 5).toString("hex")).toBe("800000002b");
  expect(textOf(frame)).toBe("grpc-status: 0\r\nx-a: 1\r\nx-a: 2\r\nx-bin: /w\r\n");
  expect(textOf(trailers(undefined))).toBe("grpc-status: 0\r\n");
});

test.each([
  ["plain text", "plain text"],
  ["100 %", "100 %25"],
  ["größer\r\n", "gr%C3%B6%C3%9Fer%0D%0A"],
  [" outer ", "%20outer%20"],
  ["\ud800", "%EF%BF%BD"],
])("the message %j is sent as %j", (message, sent) => {
  expect(textOf(trailers(undefined, new RpcError(Code.ABORTED, message)))).toBe(`grpc-status: 10\r\ngrpc-message: ${sent}\r\n`);
});

test("details are a google.rpc.Status in grpc-status-details-bin", () => {
  const retry = detail(RetryInfoSchema, { retryDelay: create(DurationSchema, { seconds: 30n }) });
  const text = textOf(trailers(undefined, new RpcError(Code.UNAVAILABLE, "später", { details: [retry] })));
  const [, value = ""] = /grpc-status-details-bin: (\S+)\r\n/.exec(text) ?? [];
  const [statusSchema] = file_google_rpc_status.messages;
  if (statusSchema === undefined) throw new Error("no schema");
  expect(fromBinary(statusSchema, new Uint8Array(Buffer.from(value, "base64")))).toMatchObject({
    code: 14,
    message: "später",
    details: [retry],
  });
});
