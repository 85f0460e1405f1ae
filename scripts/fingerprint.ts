// Fingerprints of the inputs and of the outputs of a build. They change with any change of the
// files.
import { createHash, type Hash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Files of the root that each build depends on. */
const shared = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "scripts/bundle.ts", "tsconfig.base.json", "turbo.json"];

const outputFolders = new Set(["dist", "gen"]);
const ignored = new Set(["node_modules", ".turbo", "README.md"]);

/**
 * Fingerprints packages and their dependencies, by the name, size, modification time and change
 * time of each file, in nanoseconds. Each write changes the change time, and no program can set it.
 */
export function fingerprint(names: readonly string[]): { readonly inputs: string; readonly outputs: string } {
  const inputs = createHash("sha256").update(process.version);
  const outputs = createHash("sha256");
  for (const file of shared) add(inputs, join(root, file));
  for (const name of withDependencies(names)) {
    const folder = join(root, "packages", name);
    for (const entry of readdirSync(folder)) {
      if (outputFolders.has(entry)) addAll(outputs, join(folder, entry));
      else if (!ignored.has(entry)) addAll(inputs, join(folder, entry));
    }
  }
  return { inputs: inputs.digest("hex"), outputs: outputs.digest("hex") };
}

function withDependencies(names: readonly string[]): string[] {
  const all = new Set(names);
  for (const name of all) {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
    for (const dependency of Object.keys({ ...dependencies, ...devDependencies })) {
      if (dependency.startsWith("@grpc-study/")) all.add(dependency.slice("@grpc-study/".length));
    }
  }
  return [...all].sort();
}

function addAll(hash: Hash, path: string): void {
  if (!statSync(path).isDirectory()) add(hash, path);
  else for (const entry of readdirSync(path).sort()) if (!ignored.has(entry)) addAll(hash, join(path, entry));
}

function add(hash: Hash, file: string): void {
  const { size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
  hash.update(`${file}\0${size} ${mtimeNs} ${ctimeNs}\0`);
}
