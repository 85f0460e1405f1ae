// Installs files into a folder: all or none of them, even if other processes do the same at once or
// the process is killed.
//
// The files are written to a staging folder, which is then renamed to `.new`. The name is a lock,
// since only one folder can have it. The content of `.new` is complete, so a process that finds it
// abandoned finishes the work. Doing that twice at once is harmless.
import { renameSync, rmdirSync, statSync, utimesSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FileName, fileNames } from "./folder.ts";

/**
 * Moving six files takes a millisecond. A process that has not finished after this time has died.
 */
const abandonedAfterMs = 2000;

/**
 * Writes files; keys are readable only by their owner. A reader of the folder sees each file
 * complete, either old or new.
 *
 * @param unless is called while this process holds the lock. If it returns `true`, nothing changes.
 * It must be synchronous.
 * @returns `true` if the folder has changed.
 */
export async function install(dir: string, files: Readonly<Partial<Record<FileName, string>>>, unless: () => boolean): Promise<boolean> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await removeAbandoned(dir);
  const staged = await mkdtemp(join(dir, ".staged-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(staged, name), content, { mode: name.endsWith(".key") ? 0o600 : 0o644, flag: "wx", flush: true });
    }
    await acquire(dir, staged);

    // Synchronous from here on: the lock must not outlive this turn of the event loop.
    if (unless()) {
      // In one step, so that no other process finds half of it and finishes it.
      renameSync(join(dir, ".new"), staged);
      return false;
    }
    finish(dir);
    return true;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

/** Removes the staging folders of killed processes, since they contain keys. */
async function removeAbandoned(dir: string): Promise<void> {
  const names = (await readdir(dir)).filter((name) => name.startsWith(".staged-"));
  for (const path of names.map((name) => join(dir, name))) {
    const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > 30 * abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}

/** Waits until no process is installing files into the folder. */
export async function settle(dir: string): Promise<void> {
  for (;;) {
    const since = statSync(join(dir, ".new"), { throwIfNoEntry: false })?.mtimeMs;
    if (since === undefined) return;
    if (Date.now() - since > abandonedAfterMs) finish(dir);
    else await sleep(10);
  }
}

async function acquire(dir: string, staged: string): Promise<void> {
  for (;;) {
    const now = new Date();
    utimesSync(staged, now, now);
    try {
      return renameSync(staged, join(dir, ".new"));
    } catch (error) {
      const isTaken = isCode(error, "ENOTEMPTY", "EEXIST") || (process.platform === "win32" && isCode(error, "EPERM"));
      if (!isTaken) throw error;
      await settle(dir);
    }
  }
}

function finish(dir: string): void {
  for (const name of fileNames) ignoring(["ENOENT"], () => renameSync(join(dir, ".new", name), join(dir, name)));
  // ENOTEMPTY: the next process has already taken the lock.
  ignoring(["ENOENT", "ENOTEMPTY"], () => rmdirSync(join(dir, ".new")));
}

function ignoring(codes: readonly string[], act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!isCode(error, ...codes)) throw error;
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.some((code) => code === error.code);
}
