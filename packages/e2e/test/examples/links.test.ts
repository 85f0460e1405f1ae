// The Markdown of the repository: relative links, and paths in the text of CONTRIBUTING.md, lead to files that exist. The links of docs/ are
// tested on the built site.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../harness/paths.ts";

const files = execFileSync("git", ["ls-files", "*.md", ":!docs", ":!packages/*/test/**"], { cwd: repository, encoding: "utf8" })
  .trim()
  .split("\n");
const read = (file: string) => readFileSync(join(repository, file), "utf8");
const withoutBlocks = (markdown: string) => markdown.replaceAll(/^```.*?^```/gms, "");

/** The anchors of a page, as GitHub makes them of its headings. */
const anchorsOf = (markdown: string) =>
  [...withoutBlocks(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-"),
  );

test.each(files)("the relative links of %s lead to files and headings", (file) => {
  const links = [...withoutBlocks(read(file)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  const dead = links.filter((link) => {
    // Pages of the repository's host, relative to the file as it shows it.
    if (/^(https?:|mailto:|\.\.\/\.\.\/actions\/)/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : join(dirname(file), path);
    if (!existsSync(join(repository, target))) return true;
    return anchor !== undefined && !anchorsOf(read(target)).includes(decodeURIComponent(anchor));
  });
  expect(dead).toEqual([]);
});

test("the paths that CONTRIBUTING.md names exist, but for those of the topic that is its example", () => {
  const spans = [...withoutBlocks(read("CONTRIBUTING.md")).matchAll(/`((?:packages|docs|examples|scripts)\/[^`\s]+)`/g)];
  const paths = spans.map(([, path = ""]) => path).filter((path) => !path.includes("echo"));
  expect(paths).not.toEqual([]);
  expect(paths.filter((path) => !existsSync(join(repository, path)))).toEqual([]);
});
