// Measures what is installed in a project.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export interface Installed {
  /** The total size of all files in `node_modules`. */
  readonly bytes: number;
  readonly packages: readonly InstalledPackage[];
}

export interface InstalledPackage {
  readonly name: string;
  readonly folder: string;
  /** Whether a package manager runs a script of the package when it installs it. */
  readonly runsWhenInstalled: boolean;
}

export function installed(project: string): Installed {
  let bytes = 0;
  const packages: InstalledPackage[] = [];
  for (const { name: file, parentPath: folder } of readdirSync(join(project, "node_modules"), {
    recursive: true,
    withFileTypes: true,
  })) {
    const path = join(folder, file);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined || !stats.isFile()) continue;
    bytes += stats.size;
    if (file !== "package.json" || !/node_modules\/(@[^/]+\/)?[^@/][^/]*$/.test(folder.replaceAll("\\", "/"))) continue;
    const { name, scripts = {} } = JSON.parse(readFileSync(path, "utf8"));
    // npm runs node-gyp for a package with this file.
    const isNative = statSync(join(folder, "binding.gyp"), { throwIfNoEntry: false }) !== undefined;
    const runs = scripts.preinstall !== undefined || scripts.install !== undefined || scripts.postinstall !== undefined;
    packages.push({ name, folder, runsWhenInstalled: runs || isNative });
  }
  return { bytes, packages };
}
