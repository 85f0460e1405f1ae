// Starts a process of the bench, and sends commands to it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { killOnExit } from "./children.ts";
import type { CommandResponse } from "./hosted.ts";
import { pinned, type Role } from "./pin.ts";

export interface Process<Ready> extends AsyncDisposable {
  readonly ready: Ready;
  /** Runs a command. Rejects with the error of the command, or if the process exits. */
  ask<Result>(command: string, argument?: unknown): Promise<Result>;
}

/** `.js` in `dist`, `.ts` in tests, which run from source. */
const extension = extname(import.meta.url);
const host = fileURLToPath(new URL(`./host${extension}`, import.meta.url));

/**
 * Disables trimming in glibc, for all peers alike. glibc returns free memory at the top of the heap
 * to the system, and requests it again for the next message. Whether that happens depends on the
 * rest of the heap: with messages of 1 MiB, the same server took 0.9 or 1.9 ms.
 */
const allocator = { MALLOC_TRIM_THRESHOLD_: String(2 ** 29), MALLOC_TOP_PAD_: String(2 ** 26) };

/**
 * Starts a process. Resolves once its module is ready.
 *
 * @param module a path relative to `dist`, whose module exports `serve`.
 */
export async function start<Ready>(role: Role, module: string, argument: unknown = null): Promise<Process<Ready>> {
  const args = ["--expose-gc", host, module.replace(/\.js$/, extension), JSON.stringify(argument)];
  const child = spawn(...pinned(role, process.execPath, args), {
    env: { ...process.env, ...allocator },
    stdio: ["ignore", 2, "pipe", "ipc"],
  });
  killOnExit(child);
  // Some stacks log disconnecting clients, so the log is only shown if the process fails.
  let logged = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    logged = (logged + text).slice(-4000);
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let ended: Error | undefined;
  let lastId = 0;
  const expect = (id: number) => {
    const response = Promise.withResolvers<unknown>();
    if (ended === undefined) waiting.set(id, response);
    else response.reject(ended);
    return response.promise;
  };
  child.on("message", ({ id, result, error }: CommandResponse) => {
    const response = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) response?.resolve(result);
    else response?.reject(new Error(`${module}: ${error}`));
  });
  const end = (reason: string) => {
    ended ??= new Error(`${module}: ${reason}`);
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  child.on("error", (error) => end(error.message));
  child.on("exit", (status, signal) => end(`exited with ${signal ?? `status ${status}`}\n${logged}`));
  const ready = (await expect(0)) as Ready;
  return {
    ready,
    // The type of a response is not checked.
    ask: async <Result>(command: string, argument?: unknown) => {
      const response = expect(++lastId);
      if (child.connected) child.send({ id: lastId, command, argument });
      return (await response) as Result;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
