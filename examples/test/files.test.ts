// What a reader of the Go tutorials relies on: short files that stand alone, and a table that has
// each of them.
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const all = (await readdir(root, { recursive: true })).filter((file) => /^(?!test|node_modules)[^/]+\/.*\.ts$/.test(file));
const files = all.filter((file) => !file.endsWith(".test.ts"));

test("there are the examples of all topics", () => {
  expect(files).toHaveLength(22);
});

test.each(files)("%s is shorter than 45 lines, imports no file, and says how to run it", async (file) => {
  const text = await readFile(new URL(file, root), "utf8");
  expect(text.trimEnd().split("\n").length).toBeLessThan(45);
  expect(text).not.toMatch(/from "\./);
  expect(text).toContain(`node examples/${file}`);
});

// examples.test.ts sends SIGINT.
test.each(files.filter((file) => /(server|mtls|http)\.ts$/.test(file)))("%s ends in order at SIGINT and at SIGTERM alike", async (file) => {
  const ends =
    /^ *for \(const signal of \["SIGINT", "SIGTERM"\]\) process\.once\(signal, \(\) => (server\.shutdown|gateway\.close)\(\)\);$/m;
  expect(await readFile(new URL(file, root), "utf8")).toMatch(ends);
});

test.each(files)("the README lists %s", async (file) => {
  expect(await readFile(new URL("README.md", root), "utf8")).toContain(`(${file})`);
});

/** The same service with certificates: the tests of examples.test.ts call it over TLS. */
const overTls = /^(hello\/m?tls|shop\/mtls)/;

test.each(files.filter((file) => file.endsWith("server.ts") && !overTls.test(file)))("%s has its test beside it", async (file) => {
  const tested = file.replace(/\.ts$/, ".test.ts");
  expect(all).toContain(tested);
  expect(await readFile(new URL(tested, root), "utf8")).toContain(`node --test examples/${tested}`);
});
