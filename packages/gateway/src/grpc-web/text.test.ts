import { Code } from "@grpc-study/rpc";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Base64Reader } from "./base64-reader.ts";
import { contentTypeOf, responseTypeOf } from "./content-type.ts";

test("pieces with padding, cut anywhere, are the bytes that were encoded", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 8 })), fc.integer({ min: 1, max: 9 }), (pieces, size) => {
      const text = Buffer.from(pieces.map((piece) => Buffer.from(piece).toString("base64")).join(""));
      const reader = new Base64Reader();
      const read: Buffer[] = [];
      for (let at = 0; at < text.length; at += size) read.push(reader.push(text.subarray(at, at + size)));
      reader.end();
      expect(Buffer.concat(read)).toEqual(Buffer.concat(pieces));
    }),
  );
});

test.each(["YQ=", "YQ=a", "=", "====", "Y===", "YQ==Y", "YQ-_", "Y Q=", "YQ\n="])("%j is not base64", (text) => {
  const reader = new Base64Reader();
  expect(() => {
    reader.push(Buffer.from(text));
    reader.end();
  }).toThrow(expect.objectContaining({ code: Code.INVALID_ARGUMENT }));
});

test.each([
  ["application/grpc-web", { format: "proto", text: false, name: "application/grpc-web" }],
  ["application/grpc-web+proto", { format: "proto", text: false, name: "application/grpc-web+proto" }],
  ["Application/gRPC-Web+JSON; charset=utf-8", { format: "json", text: false, name: "application/grpc-web+json" }],
  ["application/grpc-web-text", { format: "proto", text: true, name: "application/grpc-web-text" }],
  ["application/grpc-web-text+proto", { format: "proto", text: true, name: "application/grpc-web-text+proto" }],
  ["application/grpc-web+thrift", { format: undefined, text: false, name: "application/grpc-web+thrift" }],
])("the content type %j is %j", (value, type) => {
  expect(contentTypeOf(value)).toEqual(type);
});

test.each([
  ["application/grpc-web-text", undefined, "application/grpc-web-text"],
  ["application/grpc-web-text", "*/*", "application/grpc-web-text"],
  ["application/grpc-web", "application/grpc-web-text", "application/grpc-web-text+proto"],
  ["application/grpc-web-text", "application/grpc-web", "application/grpc-web+proto"],
  ["application/grpc-web+json", "*/*", "application/grpc-web+json"],
])("%s with accept: %j is answered with %s", (type, accept, name) => {
  expect(responseTypeOf(contentTypeOf(type), accept).name).toBe(name);
});
