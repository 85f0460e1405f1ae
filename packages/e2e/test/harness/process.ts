// Child processes that end with the test that started them.
import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { Output } from "./output.ts";

export interface Exit {
  /** The exit status, or null after a signal. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** The complete stdin. Without it, stdin stays open for writing. */
  readonly input?: string;
  readonly cwd?: string;
  /** Opens an IPC channel, as `child_process.fork` does. */
  readonly ipc?: boolean;
}

/**
 * The environment for child processes, without colours, proxies, NODE_OPTIONS and the variables of
 * vitest.
 */
const inherited = ["PATH", "HOME", "TMPDIR", "LANG", "GRPC_STUDY_CERTS"];

const running = new Set<ChildProcess>();
// Ends all child processes when this process ends.
process.on("exit", killAll);

/** Ends all running child processes. */
export function killAll(): void {
  for (const child of running) killGroup(child, "SIGKILL");
}

/** Each child leads a process group, since it may be a script that runs the actual program. */
function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export class Process implements AsyncDisposable {
  readonly stdin: Writable;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Resolves once the process has ended and all its output has been read. */
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], { input, cwd, ipc = false }: StartOptions = {}) {
    const env = Object.fromEntries(inherited.map((name) => [name, process.env[name]]));
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe", ...(ipc ? ["ipc" as const] : [])] });
    this.#child = child;
    running.add(child);
    const { stdin, stdout, stderr } = child as ChildProcess & { stdin: Writable; stdout: NodeJS.ReadStream; stderr: NodeJS.ReadStream };
    this.stdin = stdin;
    // The process may end before it has read all input.
    stdin.on("error", () => {});
    if (input !== undefined) stdin.end(input);
    this.stdout = new Output(stdout);
    this.stderr = new Output(stderr);
    this.exit = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status, signal) => {
        running.delete(child);
        resolve({ status, signal });
      });
    });
    this.exit.catch(() => {});
  }

  /** Undefined if the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Has no effect on a process that has ended. */
  kill(signal: NodeJS.Signals): void {
    if (running.has(this.#child)) killGroup(this.#child, signal);
  }

  /** Closes stdout at the reading side, as `| head -1` does. */
  closeStdout(): void {
    this.#child.stdout?.destroy();
  }

  /** Sends a message to a process started with `ipc`. */
  tell(message: string): void {
    this.#child.send(message, () => {});
  }

  /** Sends a message to a process started with `ipc`, and resolves with its response. */
  ask<Answer>(question: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#child.once("message", (answer) => resolve(answer as Answer));
      this.#child.send(question, (error) => error && reject(error));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exit.catch(() => {});
  }
}

/** The outcome of a process. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves once a process has ended by itself. */
export async function outcomeOf(process: Process): Promise<Outcome> {
  const { status } = await process.exit;
  return { status, stdout: process.stdout.text, stderr: process.stderr.text };
}

/** Runs a command to its end. Default for stdin: empty. */
export async function run(command: string, args: readonly string[], options: StartOptions = {}): Promise<Outcome> {
  await using started = new Process(command, args, { input: "", ...options });
  return await outcomeOf(started);
}
