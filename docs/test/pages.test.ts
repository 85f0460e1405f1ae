// Tests the page tree: both languages have the same pages, the sidebar lists all of them, and each
// link of the built site has a target.
import { existsSync, globSync, readFileSync } from "node:fs";
import { type HTMLElement, parse } from "node-html-parser";
import { describe, expect, test } from "vitest";
import { glossary, sections } from "../.vitepress/pages.ts";

const docs = new URL("../", import.meta.url);
const dist = new URL(".vitepress/dist/", docs);

const find = (pattern: string, cwd: URL) =>
  globSync(pattern, { cwd, exclude: (name) => name === "node_modules" })
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted();

const sources = find("**/*.md", docs);
const english = sources.filter((path) => !path.startsWith("zh/"));
const chinese = sources.filter((path) => path.startsWith("zh/")).map((path) => path.slice("zh/".length));

test("both languages have the same pages", () => {
  expect(chinese).toEqual(english);
});

test("the sidebar lists every page exactly once", () => {
  const pages = [...sections.flatMap(({ groups }) => groups.flatMap((group) => group.pages)), glossary];
  const files = pages.map(({ path }) => `${path}${path.endsWith("/") ? "index" : ""}.md`);
  expect(files.toSorted()).toEqual(english.filter((path) => path !== "index.md" && !path.startsWith("reference/api/")));
});

test("the overview of the first week lists the ten jobs of its group", () => {
  const group = sections.flatMap(({ groups }) => groups).find(({ en }) => en === "The first week");
  const [overview, ...pages] = group?.pages.map(({ path }) => path) ?? [];
  for (const root of ["", "zh/"]) {
    const rows = readFileSync(new URL(`${root}${overview}.md`, docs), "utf8").matchAll(/^\|.*?\]\(\/([\w/-]+)\)/gm);
    const jobs = pages.filter((path) => path !== "guides/first-week/all-in-one");
    expect(jobs).toHaveLength(10);
    expect([...rows].map(([, link]) => link)).toEqual(jobs.map((path) => `${root}${path}`));
  }
});

describe("the built site", () => {
  const files = find("**/*.html", dist);
  const documents = new Map<string, HTMLElement>(files.map((file) => [file, parse(readFileSync(new URL(file, dist), "utf8"))]));
  const idsOf = new Map([...documents].map(([file, document]) => [file, new Set(document.querySelectorAll("[id]").map(({ id }) => id))]));

  test("has a page for each source", () => {
    expect(files.filter((file) => file !== "404.html")).toEqual(sources.map((path) => path.replace(/\.md$/, ".html")));
  });

  test("includes only files that exist", () => {
    const missing = [...documents].filter(([, document]) => document.textContent.includes("Code snippet path not found"));
    expect(missing.map(([file]) => file)).toEqual([]);
  });

  test("has a target for each internal link and anchor", () => {
    const dead: string[] = [];
    for (const [file, document] of documents) {
      for (const link of document.querySelectorAll("a[href]")) {
        const href = link.getAttribute("href") ?? "";
        if (/^(https?|mailto):/.test(href)) continue;
        const { pathname, hash } = new URL(href, `http://site/${file}`);
        const path = decodeURIComponent(pathname).slice(1);
        const target = [path, `${path}.html`, `${path}index.html`].find((name) => documents.has(name));
        const anchor = decodeURIComponent(hash.slice(1));
        if (target === undefined) {
          if (path === "" || path.endsWith("/") || !existsSync(new URL(path, dist))) dead.push(`${file}: ${href}`);
        } else if (anchor !== "" && !idsOf.get(target)?.has(anchor)) dead.push(`${file}: ${href}`);
      }
    }
    expect(dead).toEqual([]);
  });

  test("loads nothing from another host", () => {
    const foreign: string[] = [];
    for (const [file, document] of documents) {
      for (const element of document.querySelectorAll("script, link, img, iframe, source, video, audio")) {
        const address = element.getAttribute("src") ?? element.getAttribute("href") ?? "";
        if (/^(https?:)?\/\//.test(address)) foreign.push(`${file}: ${address}`);
      }
    }
    for (const file of find("**/*.css", dist)) {
      const addresses = readFileSync(new URL(file, dist), "utf8").matchAll(/(?:url\(|@import\s+)["']?((?:https?:)?\/\/[^"')]+)/g);
      for (const [, address] of addresses) foreign.push(`${file}: ${address}`);
    }
    expect(foreign).toEqual([]);
  });
});
