// Between `npx -y pnpm@12 start` and this process are npm, pnpm and two shells. npm and
// the shells do not forward SIGTERM, so a SIGTERM to the typed command would leave the server
// running. This process therefore checks that they still run.
import { readFileSync } from "node:fs";

/**
 * Sends SIGTERM to this process once one of its launchers has ended. Does nothing on systems other
 * than Linux.
 */
export function endWithLauncher(): void {
  const launchers = findLaunchers();
  if (launchers.length === 0) return;
  const timer = setInterval(() => {
    if (launchers.every(isRunning)) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, 500);
  timer.unref();
  // pnpm forwards a SIGTERM of its own. The timer must not add another: a second signal would cut
  // running calls off.
  process.once("SIGTERM", () => {
    clearInterval(timer);
    if (process.listenerCount("SIGTERM") === 0) process.kill(process.pid, "SIGTERM");
  });
}

/**
 * Returns the shell that runs the script, and pnpm and npm above it, without the terminal or
 * service that started them.
 */
function findLaunchers(): number[] {
  const launchers: number[] = [];
  try {
    for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
      if (launchers.length > 0 && !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("pnpm")) break;
      launchers.push(pid);
    }
  } catch {
    // There is no /proc.
  }
  return launchers;
}

/**
 * Reads the fourth field of `stat`. The second one, in parentheses, is a name that may contain any
 * character.
 */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
