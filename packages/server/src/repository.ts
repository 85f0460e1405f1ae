// The folder of the repository, in which commands keep their files whatever the current folder is.
import { findPackageJSON } from "node:module";
import { resolve } from "node:path";

/** Returns the path of a file or folder of the repository. */
export function inRepository(name: string): string {
  // Code is bundled, so that the depth of a module is unknown.
  const manifest = findPackageJSON(import.meta.url);
  if (manifest === undefined) throw new Error(`${import.meta.url} is in no package`);
  return resolve(manifest, "../../..", name);
}
