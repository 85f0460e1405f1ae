// Programs as processes: on loopback, on ports that the system gives, ended by `await using`.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

/** The commands of the packages, as they are built. */
export const serverCommand = require.resolve("@grpc-study/server/dist/main.js");
export const clientCommand = fileURLToPath(new URL("../../packages/client/dist/main.js", import.meta.url));
export const bufCommand = require.resolve("@bufbuild/buf/bin/buf");

/** The path of an example: `example("chat/server")`. */
export function example(name: string): string {
  return fileURLToPath(new URL(`../${name}.ts`, import.meta.url));
}

/** Makes a second of the tutorials last 50 ms in a program that runs with it. */
export const fastSeconds = ["--import", fileURLToPath(new URL("fast-seconds.js", import.meta.url))];

export interface Program extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What the program has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves once stdout matches. Rejects if the program ends first. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with the exit status once the program has ended; `null` after a signal. */
  readonly ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** Ends the programs of tests that timed out: their `await using` has not disposed them. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}
process.on("exit", killAll);

/** Starts `node ARGS` in a folder. */
export function start(folder: string, args: readonly string[], input?: string): Program {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, GRPC_STUDY_CERTS: `${folder}/certs`, GRPC_STUDY_DATA: "memory" },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  child.stdin.on("error", () => {}); // the program has ended without reading all of it
  if (input !== undefined) child.stdin.end(input);
  running.add(child);
  child.once("close", () => running.delete(child));
  const ended = once(child, "close").then(([status]) => status as number | null);
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stdout);
          if (match !== null) resolve(match);
        };
        child.stdout.on("data", look);
        child.once("close", () => reject(new Error(`${args.join(" ")} ended without ${pattern}:\n${stdout}${stderr}`)));
        look();
      }),
  };
}

/** Runs `node ARGS` to its end. */
export async function run(
  folder: string,
  args: readonly string[],
  input = "",
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  await using program = start(folder, args, input);
  return { status: await program.ended, stdout: program.stdout(), stderr: program.stderr() };
}

/** Starts a server example, and returns its address once it listens. */
export async function serve(folder: string, name: string, ...node: readonly string[]): Promise<Program & { readonly address: string }> {
  const program = start(folder, [...node, example(name), "127.0.0.1:0"]);
  const [, address = ""] = await program.printed(/(127\.0\.0\.1:\d+)/);
  return { ...program, address };
}
