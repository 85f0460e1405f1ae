// Creates tarballs as `pnpm publish` would upload them.
import { statSync } from "node:fs";
import { join } from "node:path";
import { run } from "./install.ts";
import { type PublishedPackage, published } from "./packages.ts";

export interface Tarball extends PublishedPackage {
  readonly file: string;
  /** The compressed size. */
  readonly bytes: number;
}

/** Packs all published packages into a folder. They must be built. */
export async function pack(target: string): Promise<Tarball[]> {
  return Promise.all(
    published.map(async ({ name, folder }) => {
      const file = join(target, `${name.replace("@", "").replace("/", "-")}.tgz`);
      await run("pnpm", ["pack", "--out", file], folder);
      return { name, folder, file, bytes: statSync(file).size };
    }),
  );
}
