// The folder of PGlite's data. Two processes that write to it would destroy it, so the file `lock`
// names the one that uses it, and its host.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
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
  const mine = formatHolder(process.pid);
  try {
    mkdirSync(dir, { recursive: true });
    for (let attempt = 0; !tryWrite(file, mine); attempt++) {
      const holder = readHolder(file);
      const { pid = "unknown", host = hostname() } = parseHolder(holder);
      if (host !== hostname()) {
        throw new FolderError(
          `the data folder ${dir} is in use by process ${pid} of the host ${host}; if that process has ended, delete ${file}`,
        );
      }
      if (attempt >= 3 || isRunning(holder)) {
        throw new FolderError(`the data folder ${dir} is in use by process ${pid}; --data names another one`);
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

/** Writes the file, complete from the first moment on. Returns whether it did not exist. */
function tryWrite(file: string, text: string): boolean {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, text);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    // The file system has no links.
    return tryCreate(file, text);
  } finally {
    rmSync(draft, { force: true });
  }
}

function tryCreate(file: string, text: string): boolean {
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

/**
 * The process id, the time at which the process started (ids are used again; `-` where it is unknown),
 * and the name of the host.
 */
function formatHolder(pid: number): string {
  return `${pid} ${startOf(pid) ?? "-"} ${hostname()}`;
}

function parseHolder(text: string): { readonly pid?: string | undefined; readonly start?: string | undefined; readonly host?: string } {
  const [pid, start, host] = text.split(" ");
  return { pid: pid || undefined, start, ...(host && { host }) };
}

/** When a process of Linux started, in ticks since the machine did. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 22. The second field, in parentheses, may contain any character.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function isRunning(holder: string): boolean {
  const { pid: text, start = "-" } = parseHolder(holder);
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return start === "-" || startOf(pid) === start;
}
