// `pnpm release --dry-run` builds the published packages, packs them, and tests the tarballs in
// empty projects. `pnpm release` then also publishes the versions that the registry does not have.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "./build.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);
const dryRun = args.length === 1 && args[0] === "--dry-run";

/** @returns the exit status. */
function run(command: string, cwd: string): number {
  return spawnSync(command, { cwd, shell: true, stdio: "inherit" }).status ?? 1;
}

/**
 * Returns the reasons not to publish. The working tree must be committed, and no changeset may be
 * pending.
 */
function obstacles(): string[] {
  const changes = spawnSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" });
  const changesets = readdirSync(`${root}/.changeset`).filter((file) => file.endsWith(".md") && file !== "README.md");
  return [
    ...(changes.status !== 0 || changes.stdout !== "" ? ["the working tree has changes: commit them"] : []),
    ...(changesets.length > 0 ? ["changesets are pending: run `pnpm changeset version`, and commit the result"] : []),
  ];
}

if (args.length > 0 && !dryRun) {
  process.stderr.write(`error: unknown arguments ${args.join(" ")}; usage: pnpm release [--dry-run]\n`);
  process.exit(2);
}
const found = dryRun ? [] : obstacles();
for (const obstacle of found) process.stderr.write(`error: ${obstacle}\n`);
if (found.length > 0) process.exit(1);

process.exitCode = build("release") || run("vitest run", `${root}/packages/release`);
if (process.exitCode === 0 && !dryRun) process.exitCode = run("changeset publish", root);
