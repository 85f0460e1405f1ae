// Files of a run, in a folder that goes with the process, however it ends.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let folder: string | undefined;

/** The same one for the whole run. */
export function temporaryFolder(): string {
  if (folder !== undefined) return folder;
  const made = mkdtempSync(join(tmpdir(), "grpc-study-bench-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  folder = made;
  return made;
}

/** Returns the file's path. */
export function writeTemporary(name: string, content: Uint8Array | string): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, content);
  return file;
}
