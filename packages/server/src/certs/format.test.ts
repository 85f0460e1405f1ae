import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { formatCertificates, formatDistance } from "./format.ts";
import type { CertificateInfo } from "./read.ts";

const server: CertificateInfo = {
  role: "server",
  file: "/certs/server.pem",
  subject: "CN=s",
  issuer: "CN=ca",
  names: ["localhost", "::1"],
  notBefore: new Date("2026-01-01T00:00:00Z"),
  notAfter: new Date("2020-01-31T00:00:00Z"),
  key: "RSA 2048",
  serialNumber: "01",
  fingerprint: "AB:CD",
};

test("a certificate is a paragraph, without a line for names if it has none", () => {
  const client = { ...server, role: "client", file: "/certs/client.pem", names: [] } as const;
  const [first, second] = formatCertificates([server, client], { colour: false }).split("\n\n");
  expect(first?.split("\n")).toEqual([
    "server.pem",
    "  subject      CN=s",
    "  names        localhost, ::1",
    "  issuer       CN=ca",
    "  valid from   2026-01-01 00:00:00 UTC",
    expect.stringMatching(/^ {2}expires {6}2020-01-31 00:00:00 UTC \(\d+ days ago\)$/),
    "  key          RSA 2048",
    "  SHA-256      AB:CD",
  ]);
  expect(second).toMatch(/^client\.pem\n {2}subject/);
  expect(second).not.toContain("names");
});

test("colour does not change the text", () => {
  const coloured = formatCertificates([server], { colour: true });
  expect(coloured).toContain("\x1b[1mserver.pem");
  expect(stripVTControlCharacters(coloured)).toBe(formatCertificates([server], { colour: false }));
});

test.each([
  { hours: 24 * 30 - 1, says: "in 30 days" },
  { hours: 24, says: "in 1 day" },
  { hours: 1, says: "today" },
  { hours: -1, says: "today" },
  { hours: -48, says: "2 days ago" },
])("$hours hours from now is $says", ({ hours, says }) => {
  const now = new Date();
  expect(formatDistance(new Date(now.getTime() + hours * 60 * 60 * 1000), now)).toBe(says);
});
