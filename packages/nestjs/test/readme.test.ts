// The code of the README is the code of the example, which other tests compile and run.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const blocks = [...read("../README.md").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
const files = readdirSync(new URL("../example/src", import.meta.url)).map((file) => read(`../example/src/${file}`));

test.each(blocks)("%s is in the example", (block) => {
  expect(files.filter((text) => text.includes(block))).toHaveLength(1);
});

test("the README has code", () => {
  expect(blocks).toHaveLength(2);
});
