// Runs a Go program as a child of a process of the bench, with one processor.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Clock } from "./clock.ts";

export interface Program {
  /** The first line that the program printed. */
  readonly line: string;
  /** The times of the program, instead of those of this process. */
  readonly clock: () => Clock;
}

/** Microseconds per tick in /proc/PID/stat: a tick is 10 ms on every Linux that Node supports. */
const tick = 10_000;

/** Starts a program, which exits when its stdin is closed, that is, with this process. */
export async function startProgram(program: string, args: readonly string[]): Promise<Program> {
  const child = spawn(program, args, { env: { ...process.env, GOMAXPROCS: "1" }, stdio: ["pipe", "pipe", "inherit"] });
  child.on("exit", (status, signal) => {
    throw new Error(`${basename(program)} exited with ${signal ?? `status ${status}`}`);
  });
  const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  const clock = (): Clock => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    // Fields 14 and 15 of proc(5); index 0 is field 3.
    return { cpu: (Number(fields[11]) + Number(fields[12])) * tick, now: performance.now() * 1000 };
  };
  return { line: line.trim(), clock };
}
