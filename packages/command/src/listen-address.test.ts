import { expect, test } from "vitest";
import { parseHostPort, parseListenAddress } from "./listen-address.ts";

test.each([
  ["9470", "localhost:9470"],
  ["0", "localhost:0"],
  ["65535", "localhost:65535"],
  ["0.0.0.0:9470", "0.0.0.0:9470"],
  ["[::1]:9470", "[::1]:9470"],
  ["admin.internal:1", "admin.internal:1"],
  ["unix:/run/admin.sock", "unix:/run/admin.sock"],
])("%s is %s", (text, address) => {
  expect(parseListenAddress(text)).toBe(address);
});

test.each([
  "",
  "x",
  "65536",
  "123456",
  "-1",
  "1.5",
  ":9470",
  "::1:9470",
  "localhost",
  "localhost:",
  "localhost:x",
  "a b:1",
  "unix:",
  "http://a:1",
])("%j is an error", (text) => {
  expect(() => parseListenAddress(text)).toThrow("It must be a port, host:port, or unix:/path.");
});

test.each([
  ["9464", "localhost:9464"],
  ["[::1]:9464", "[::1]:9464"],
])("without Unix sockets, %s is %s", (text, address) => {
  expect(parseHostPort(text)).toBe(address);
});

test.each(["unix:/run/metrics.sock", "localhost", "65536"])("without Unix sockets, %s is an error", (text) => {
  expect(() => parseHostPort(text)).toThrow("It must be a port or host:port.");
});
