import { expect, test } from "vitest";
import { parseAddress } from "./address.ts";

test.each(["127.0.0.1:8972", "localhost:1", "shop.example-1.com:65535", "[::1]:8972", "my_host:80"])("%s is an address", (text) => {
  expect(parseAddress(text)).toBe(text);
});

test("an address without a host means localhost, as in Go", () => {
  expect(parseAddress(":8083")).toBe("localhost:8083");
});

test.each([
  "",
  "localhost",
  "localhost:",
  "localhost:0",
  "localhost:65536",
  "localhost:http",
  "::1:80",
  "[::1]",
  "a b:80",
  "http://a:80",
  "a:80/",
])("'%s' is not an address", (text) => {
  expect(() => parseAddress(text)).toThrow("like 127.0.0.1:8972");
});
