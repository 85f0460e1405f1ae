import { expect, test } from "vitest";
import { replaceSection } from "./section.ts";

const begin = "<!-- bench: written by `pnpm bench` -->";
const end = "<!-- /bench -->";

test("replaces the text between the comments, and keeps the rest", () => {
  const readme = `# A\n\n${begin}\nold\n${end}\n\nmore\n`;
  const once = replaceSection(readme, "new");
  expect(once).toBe(`# A\n\n${begin}\n\nnew\n\n${end}\n\nmore\n`);
  expect(replaceSection(once, "new")).toBe(once);
});

test("throws unless both comments exist", () => {
  expect(() => replaceSection("# A\n", "new")).toThrow(/once each/);
  expect(() => replaceSection(`${end}\n${begin}\n`, "new")).toThrow(/once each/);
});
