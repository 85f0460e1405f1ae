// Generates the files that are not in git: Mermaid's browser build, the package reference, and the pictures of
// the console.
import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { commandLine } from "./command-line.ts";
import { consolePictures } from "./console-pictures.ts";
import { limitTables } from "./limits.ts";
import { generateReference } from "./reference.ts";

const docs = new URL("../", import.meta.url);

export async function generate(): Promise<void> {
  await copyMermaid();
  await generateReference();
  await consolePictures(new URL("public/console/", docs));
  const parts = new URL(".vitepress/generated/", docs);
  await mkdir(parts, { recursive: true });
  await writeFile(new URL("command-line.md", parts), await commandLine());
  await writeFile(new URL("limits.md", parts), await limitTables());
}

/**
 * Copies Mermaid's own browser build. Bundling it again would take longer than building all pages.
 */
async function copyMermaid(): Promise<void> {
  const dist = new URL("./", import.meta.resolve("mermaid"));
  const to = new URL("public/mermaid/", docs);
  const chunks = "chunks/mermaid.esm.min/";
  await mkdir(new URL(chunks, to), { recursive: true });
  const names = (await readdir(new URL(chunks, dist))).filter((name) => name.endsWith(".mjs"));
  await Promise.all(
    ["mermaid.esm.min.mjs", ...names.map((name) => chunks + name)].map((name) => cp(new URL(name, dist), new URL(name, to))),
  );
}
