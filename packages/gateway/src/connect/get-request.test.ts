import { Code } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { isConnectQuery, readGetRequest } from "./get-request.ts";

test("the query of the specification is a request", () => {
  expect(readGetRequest("message=%7B%22name%22%3A%22Buf%22%7D&encoding=json&connect=v1")).toEqual({
    encoding: "json",
    compression: undefined,
    message: Buffer.from('{"name":"Buf"}'),
  });
});

test.each([
  ["-_-_", "fbffbf"],
  ["YQ", "61"],
  ["YQ%3D%3D", "61"],
  ["YQ==", "61"],
  ["", ""],
])("the base64 message %j has the bytes %j", (message, hex) => {
  expect(readGetRequest(`encoding=proto&base64=1&message=${message}`).message.toString("hex")).toBe(hex);
});

test("unknown parameters and other values of base64 are ignored", () => {
  const { message, compression } = readGetRequest("x&y=%zz&message=YQ+%C3%A9&base64=0&encoding=json&compression=gzip&message=b");
  expect(message.toString()).toBe("YQ é");
  expect(compression).toBe("gzip");
});

test.each([
  ["encoding=json", "the query parameter message is missing"],
  ["message=", "the query parameter encoding is missing: send encoding=json or encoding=proto"],
  ["encoding=json&message=x&connect=v2", 'the query parameter connect must be v1, got "v2"'],
  ["encoding=json&message=%ff", 'the query parameter message is not percent-encoded UTF-8: "%ff"'],
  ["encoding=json&base64=1&message=a", 'the query parameter message is not base64 for URLs: "a"'],
  ["encoding=json&base64=1&message=%3D", 'the query parameter message is not base64 for URLs: "="'],
  ["encoding=json&base64=1&message=YQ%2F%2F", 'the query parameter message is not base64 for URLs: "YQ//"'],
])("%j is INVALID_ARGUMENT", (query, message) => {
  expect(() => readGetRequest(query)).toThrow(expect.objectContaining({ code: Code.INVALID_ARGUMENT, message }));
});

test.each([
  ["connect=v1&x=y", true],
  ["x=y&connect=v1", true],
  ["message=x&encoding=json", true],
  ["encoding=json", false],
  ["disconnect=v1", false],
  ["", false],
])("%j is a Connect query: %j", (query, is) => {
  expect(isConnectQuery(query)).toBe(is);
});
