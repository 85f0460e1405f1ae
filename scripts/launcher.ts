// Between `npx -y pnpm@12 start` and this process stand npm, pnpm and two shells, and none of them hands on a SIGTERM: whoever ends the
// command that was typed would leave the server running. So the server looks whether they are still there.
import { readFileSync } from "node:fs";

/** Ends this process, by a SIGTERM, when one of the processes that launched it has gone. Linux only: elsewhere it does nothing. */
export function endWithLauncher(): void {
  const launchers = findLaunchers();
  if (launchers.length === 0) return;
  const timer = setInterval(() => {
    if (launchers.every(isRunning)) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, 500);
  timer.unref();
}

/** The shell that runs the script, and the pnpm and npm above it; not the terminal, or service, that those were started from. */
function findLaunchers(): number[] {
  const launchers: number[] = [];
  try {
    for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
      if (launchers.length > 0 && !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("pnpm")) break;
      launchers.push(pid);
    }
  } catch {
    // No /proc.
  }
  return launchers;
}

/** The fourth field of `stat`; the second, in parentheses, is a name that may hold anything. */
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
