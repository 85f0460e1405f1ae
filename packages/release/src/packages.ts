// The published packages of the workspace: those that are not private.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface PublishedPackage {
  readonly name: string;
  readonly folder: string;
}

const packages = fileURLToPath(new URL("../../", import.meta.url));

export const published: readonly PublishedPackage[] = readdirSync(packages)
  .map((entry) => join(packages, entry))
  .flatMap((folder) => {
    const { name, private: isPrivate } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return isPrivate === true ? [] : { name, folder };
  });
