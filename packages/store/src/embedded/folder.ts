// The folder of PGlite's data. Two processes that write to it would destroy it, so the file `lock`
// names the one that uses it.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The folder cannot be used. The message is one line for the operator. */
export class FolderError extends Error {
  static {
    FolderError.prototype.name = "FolderError";
  }
}

/**
 * Makes the folder if it does not exist, and takes its lock. Returns a function that releases it.
 *
 * @throws FolderError
 */
export function lockFolder(dir: string): () => void {
  const file = join(dir, "lock");
  const mine = holderOf(process.pid);
  try {
    mkdirSync(dir, { recursive: true });
    for (let attempt = 0; !tryWrite(file, mine); attempt++) {
      const holder = readHolder(file);
      if (attempt >= 3 || isRunning(holder)) {
        throw new FolderError(`the data folder ${dir} is in use by process ${holder.split(" ")[0] || "unknown"}; --data names another one`);
      }
      removeStale(file, holder);
    }
  } catch (error) {
    if (error instanceof FolderError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new FolderError(`the data folder ${dir} cannot be written: ${problems[code ?? ""] ?? message}; --data names another one`, {
      cause: error,
    });
  }
  return () => {
    if (readHolder(file) === mine) rmSync(file, { force: true });
  };
}

const problems: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "a file has its name",
  ENOENT: "it cannot be created there",
  ENOSPC: "the disk is full",
};

function tryWrite(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Removes the lock of a process that has ended, unless another process has taken it meanwhile. */
function removeStale(file: string, holder: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readHolder(aside) !== holder) renameSync(aside, file);
  else rmSync(aside, { force: true });
}

/** The process id and, on Linux, the time at which the process started: ids are used again. */
function holderOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 22. The second field, in parentheses, may contain any character.
    return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return `${pid}`;
  }
}

function isRunning(holder: string): boolean {
  const pid = Number(holder.split(" ")[0]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !holder.includes(" ") || holderOf(pid) === holder;
}
