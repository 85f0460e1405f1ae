// Puts files into a folder: all of them or none, whoever else does the same at the same time, and whenever the process is killed.
//
// They are written to a folder beside their places, and that is renamed to `.new`. Only one can have this name, so it is a lock; and what
// is in it is complete, so whoever finds it abandoned finishes the work. Doing that twice at once does no harm.
import { renameSync, rmdirSync, statSync, utimesSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FileName, fileNames } from "./folder.ts";

/** Moving six files takes a millisecond. Who has not done it by then is dead. */
const abandonedAfterMs = 2000;

/**
 * Writes files, keys for their owner's eyes only. A reader of the folder sees each of them whole, the old one or the new one.
 *
 * @param unless is asked once nobody else can change the folder any more; if it says true, nothing is changed. Must not wait.
 * @returns whether it changed the folder.
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

    // No `await` from here on.
    if (unless()) {
      // In one step: nobody must find half of it, and take it for something to finish.
      renameSync(join(dir, ".new"), staged);
      return false;
    }
    finish(dir);
    return true;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

/** Removes what killed processes had not come to install: keys are in it. */
async function removeAbandoned(dir: string): Promise<void> {
  const names = (await readdir(dir)).filter((name) => name.startsWith(".staged-"));
  for (const path of names.map((name) => join(dir, name))) {
    const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > 30 * abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}

/** Waits until nobody is putting files into the folder. */
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
  // Not empty: the next one has it already.
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
