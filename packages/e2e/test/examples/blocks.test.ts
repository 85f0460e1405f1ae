import { expect, test } from "vitest";
import { blocksOf } from "./blocks.ts";

const fence = "```";

test("a block has the heading, the marks and the file name of its first line", () => {
  const markdown = `# One\n\n## Two\n\n${fence}ts run {2,3} [src/server.ts]\na\n\n  b\n${fence}\n`;
  expect(blocksOf(markdown)).toEqual([
    { heading: "Two", language: "ts", marks: ["run"], file: "src/server.ts", untested: undefined, text: "a\n\n  b\n" },
  ]);
});

test("a comment on the line before a block says why that one block is untested", () => {
  const markdown = `<!-- untested: needs a browser -->\n${fence}ts\na\n${fence}\n\n${fence}ts\nb\n${fence}\n`;
  expect(blocksOf(markdown).map(({ untested }) => untested)).toEqual(["needs a browser", undefined]);
});

test("a block in a list loses the indentation of its fence", () => {
  expect(blocksOf(`- x\n\n  ${fence}ts\n  a\n    b\n\n  ${fence}\n`)[0]?.text).toBe("a\n  b\n\n");
});

test("a longer fence holds a shorter one", () => {
  expect(blocksOf(`${fence}\`md\n${fence}ts\na\n${fence}\n${fence}\`\n`).map(({ language }) => language)).toEqual(["md"]);
});
