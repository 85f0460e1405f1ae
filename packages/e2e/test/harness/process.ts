// Child processes that end with the test that started them.
import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { Output } from "./output.ts";

export interface Exit {
  /** The exit status; null after a signal. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** All of stdin. Without it, stdin stays open, to be written. */
  readonly input?: string;
  readonly cwd?: string;
  /** Open a channel for messages, as `child_process.fork` does. */
  readonly ipc?: boolean;
}

/** What a child knows of this process's environment: colours, proxies, NODE_OPTIONS and what vitest sets are none of its business. */
const inherited = ["PATH", "HOME", "TMPDIR", "LANG", "GRPC_STUDY_CERTS"];

const running = new Set<ChildProcess>();
// Whatever happens to the tests, nothing outlives them.
process.on("exit", killAll);

/** Ends whatever has been started and still runs. */
export function killAll(): void {
  for (const child of running) killGroup(child, "SIGKILL");
}

/** A child may be a script that runs the program proper: each is the leader of a process group. */
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
  /** Resolves when the process has ended and all of its output has been read. */
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], { input, cwd, ipc = false }: StartOptions = {}) {
    const env = Object.fromEntries(inherited.map((name) => [name, process.env[name]]));
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe", ...(ipc ? ["ipc" as const] : [])] });
    this.#child = child;
    running.add(child);
    const { stdin, stdout, stderr } = child as ChildProcess & { stdin: Writable; stdout: NodeJS.ReadStream; stderr: NodeJS.ReadStream };
    this.stdin = stdin;
    // A process may end before it has read everything.
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

  /** undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Does nothing to a process that has ended. */
  kill(signal: NodeJS.Signals): void {
    if (running.has(this.#child)) killGroup(this.#child, signal);
  }

  /** Closes this side of stdout, as `| head -1` does when it has seen enough. */
  closeStdout(): void {
    this.#child.stdout?.destroy();
  }

  /** Sends a message to a process started with `ipc`. */
  tell(message: string): void {
    this.#child.send(message, () => {});
  }

  /** Sends a message to a process started with `ipc`, and resolves with its answer. */
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

/** What a process did from start to end. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves when a process has ended by itself. */
export async function outcomeOf(process: Process): Promise<Outcome> {
  const { status } = await process.exit;
  return { status, stdout: process.stdout.text, stderr: process.stderr.text };
}

/** Runs a command to its end. Its stdin is empty unless told. */
export async function run(command: string, args: readonly string[], options: StartOptions = {}): Promise<Outcome> {
  await using started = new Process(command, args, { input: "", ...options });
  return await outcomeOf(started);
}
