import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { consoleFiles } from "./index.ts";

const files = consoleFiles();
const text = (name: string) => Buffer.from(files.get(name)?.identity ?? []).toString();

test("each file has the same content in each coding", () => {
  expect(files.size).toBeGreaterThan(3);
  for (const [name, { identity, br, gzip }] of files) {
    expect([name, Buffer.compare(brotliDecompressSync(br), identity)]).toEqual([name, 0]);
    expect([name, Buffer.compare(gunzipSync(gzip), identity)]).toEqual([name, 0]);
  }
});

test("the page loads only files that exist, by relative URLs, and nothing is inline", () => {
  const page = text("index.html");
  const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(2);
  for (const link of links) expect(files.has(link.replace("./", ""))).toBe(true);
  expect(page).not.toMatch(/<script>|<style|style=|\son\w+=/);
});

test("only names with a hash are immutable", () => {
  for (const [name, { immutable }] of files) expect([name, immutable]).toEqual([name, /-[\w-]{8}\.\w+$/.test(name)]);
});

test("the first view is smaller than 250 KB", () => {
  const links = [...text("index.html").matchAll(/(?:src|href)="\.\/([^"]*)"/g)].map(([, link = ""]) => link);
  const bytes = ["index.html", ...links].map((name) => files.get(name)?.br.length ?? 0).reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeLessThan(250_000);
});
