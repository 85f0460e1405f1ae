import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { decodeLink, encodeLink, LinkError } from "./link.ts";

test("a request survives its link, whatever its text", async () => {
  const text = `{"a": "单 <script>alert(1)</script> {{x}} \u2028 \\ud800 '$(id)'"}`;
  const request = { text, deadline: "1500", metadata: [["x-a", "1"] as const, ["x-a", "2"] as const] };
  const link = await encodeLink(request);
  expect(link).toMatch(/^[\w-]+$/);
  expect(await decodeLink(link)).toEqual(request);
  expect(await decodeLink(await encodeLink({ text: "", deadline: "", metadata: [] }))).toEqual({ text: "", deadline: "", metadata: [] });
});

const pack = (value: unknown) => deflateRawSync(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

test.each([
  ["no base64", "%%%"],
  ["other bytes", "AAAA"],
  ["a part", pack({ t: "x".repeat(100) }).slice(0, -4)],
  ["no JSON", pack("{")],
  ["no request", pack(null)],
  ["no text", pack({ t: 1 })],
  ["metadata that is none", pack({ t: "", m: [["a"]] })],
  ["more than it looks like", pack({ t: "x".repeat(2_000_000) })],
])("a link that is %s is an error", async (_name, link) => {
  await expect(decodeLink(link)).rejects.toThrow(LinkError);
});
