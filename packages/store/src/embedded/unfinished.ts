// The folder of a database that may be unfinished: a process that was killed during its first start
// has left a part of one. The file `complete` in the folder says that the first start has succeeded.
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";

const markOf = (folder: string) => join(folder, "complete");

export function isComplete(folder: string): boolean {
  // Earlier versions wrote the mark next to the folder.
  return existsSync(markOf(folder)) || (existsSync(`${folder}.complete`) && existsSync(join(folder, "PG_VERSION")));
}

/** Marks the folder. The mark survives a crash of the machine. */
export function markComplete(folder: string): void {
  const file = openSync(markOf(folder), "w");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(folder);
  syncFolder(dirname(folder));
}

/** Renames a folder that has files, since it may be a copy that an operator has restored. Returns its new name. */
export function setAside(folder: string): string | undefined {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return undefined;
  const aside = `${folder}.incomplete-${new Date().toISOString().replaceAll(":", "-")}`;
  renameSync(folder, aside);
  return aside;
}

/** Windows cannot do this, and need not. */
function syncFolder(folder: string): void {
  try {
    const file = openSync(folder, "r");
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch {}
}
