import { expect, test } from "vitest";
import { CertificatesError } from "./error.ts";
import { defaultNames, parseName } from "./names.ts";

test("the names of the contract are canonical", () => {
  expect(defaultNames.map(parseName)).toEqual(defaultNames);
});

test.each([
  { text: "Example.COM", name: "example.com" },
  { text: "*.a.example", name: "*.a.example" },
  { text: "xn--bcher-kva.example", name: "xn--bcher-kva.example" },
  { text: "my_service", name: "my_service" },
  { text: "10.0.0.7", name: "10.0.0.7" },
  { text: "0:0:0:0:0:0:0:1", name: "::1" },
  { text: "[2001:DB8::7]", name: "2001:db8::7" },
])("$text is the name $name", ({ text, name }) => {
  expect(parseName(text)).toBe(name);
});

test.each([
  { text: "*grpcstudy.com", says: "leftmost label" },
  { text: "a.*.example", says: "leftmost label" },
  { text: "*.*.example", says: "leftmost label" },
  { text: "*", says: "two labels after it" },
  { text: "*.com", says: "two labels after it" },
  { text: "", says: "neither" },
  { text: "a..b", says: "neither" },
  { text: "a.b.", says: "neither" },
  { text: "-a.example", says: "neither" },
  { text: "a-.example", says: "neither" },
  { text: "a b", says: "neither" },
  { text: "a,b", says: "neither" },
  { text: "a\nb", says: "neither" },
  { text: "localhost:443", says: "neither" },
  { text: "https://a.example", says: "neither" },
  { text: "bücher.example", says: "neither" },
  { text: "fe80::1%eth0", says: "neither" },
  { text: `${"a".repeat(64)}.example`, says: "neither" },
  { text: `${"a.".repeat(127)}example`, says: "neither" },
  { text: "256.0.0.1", says: "not a valid IP address" },
  { text: "1.2.3", says: "not a valid IP address" },
])("$text is invalid", ({ text, says }) => {
  expect(() => parseName(text)).toThrow(CertificatesError);
  expect(() => parseName(text)).toThrow(says);
  expect(() => parseName(text)).not.toThrow("\n");
});
