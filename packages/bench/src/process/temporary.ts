// Temporary files of a run, in a folder that is removed on exit.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let folder: string | undefined;

/** Returns the folder of the run. */
export function temporaryFolder(): string {
  if (folder !== undefined) return folder;
  const created = mkdtempSync(join(tmpdir(), "grpc-study-bench-"));
  process.once("exit", () => rmSync(created, { recursive: true, force: true }));
  folder = created;
  return created;
}

/** Writes a file, and returns its path. */
export function writeTemporary(name: string, content: Uint8Array | string): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, content);
  return file;
}
