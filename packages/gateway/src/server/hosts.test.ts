// The host names that an option allows.
import { expect, test } from "vitest";
import { allowedHostsOf } from "./hosts.ts";

test("hosts are names and addresses, with or without a port, in any case", () => {
  const hosts = ["Shop.Example", "localhost:8080", "10.0.0.1", "[::1]", "[::1]:80", "my_service", "*"];
  expect(allowedHostsOf(hosts)).toEqual(["shop.example", "localhost:8080", "10.0.0.1", "[::1]", "[::1]:80", "my_service", "*"]);
});

test.each(["https://shop.example", "shop.example/", "a b", "", "*.shop.example", "::1", "a,b"])("%j is no host", (host) => {
  expect(() => allowedHostsOf(["ok", host])).toThrow(`allowedHosts must be host names such as "shop.example", or "*", got "${host}"`);
});
