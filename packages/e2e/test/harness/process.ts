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
  /** The whole stdin. Without it, stdin stays open for writing. */
  readonly input?: string;
  readonly cwd?: string;
  /** Environment variables beside those that a child inherits. */
  readonly env?: Readonly<Record<string, string>>;
  /** Opens a message channel, as `child_process.fork` does. */
  readonly ipc?: boolean;
}

/**
 * The environment variables that a child inherits. It must not see colour settings, proxies,
 * NODE_OPTIONS or vitest's variables.
 */
const inherited = ["PATH", "HOME", "TMPDIR", "LANG", "GRPC_STUDY_CERTS", "GRPC_STUDY_DATA"];

const running = new Set<ChildProcess>();
// No child outlives the tests.
process.on("exit", killAll);

/** Kills all processes that are still running. */
export function killAll(): void {
  for (const child of running) killGroup(child, "SIGKILL");
}

/** Kills a whole process group: a child may be a script that starts the actual program. */
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

  constructor(command: string, args: readonly string[], { input, cwd, env: more, ipc = false }: StartOptions = {}) {
    const env = { ...Object.fromEntries(inherited.map((name) => [name, process.env[name]])), ...more };
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe", ...(ipc ? ["ipc" as const] : [])] });
    this.#child = child;
    running.add(child);
    const { stdin, stdout, stderr } = child as ChildProcess & { stdin: Writable; stdout: NodeJS.ReadStream; stderr: NodeJS.ReadStream };
    this.stdin = stdin;
    // A process may exit before it has read all of its stdin.
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

  /** `undefined` if the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Sends a signal to the process group. Does nothing if the process has ended. */
  kill(signal: NodeJS.Signals): void {
    if (running.has(this.#child)) killGroup(this.#child, signal);
  }

  /** Closes this end of the stdout pipe, as `| head -1` does after its first line. */
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

/** The exit status and the output of a process. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves when a process has ended on its own. */
export async function outcomeOf(process: Process): Promise<Outcome> {
  const { status } = await process.exit;
  return { status, stdout: process.stdout.text, stderr: process.stderr.text };
}

/** Runs a command to its end. Its stdin is empty by default. */
export async function run(command: string, args: readonly string[], options: StartOptions = {}): Promise<Outcome> {
  await using started = new Process(command, args, { input: "", ...options });
  return await outcomeOf(started);
}
