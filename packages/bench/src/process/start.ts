// Starts a process of the bench, and asks it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { endWithUs } from "./children.ts";
import type { Answer } from "./hosted.ts";
import { pinned, type Role } from "./pin.ts";

export interface Process<Ready> extends AsyncDisposable {
  readonly ready: Ready;
  /** Rejects with what the command threw, or if the process ends. */
  ask<Result>(command: string, argument?: unknown): Promise<Result>;
}

/** `.js` in `dist`; `.ts` in tests, which run from the source. */
const extension = extname(import.meta.url);
const host = fileURLToPath(new URL(`./host${extension}`, import.meta.url));

/**
 * glibc gives freed memory back to the system whenever enough of it is at the top of the heap, and takes it again for the next message. Whether
 * that happens depends on what else a process holds: with 1 MiB messages the same server took 0.9 or 1.9 ms. Here it is off, for every peer alike.
 */
const allocator = { MALLOC_TRIM_THRESHOLD_: String(2 ** 29), MALLOC_TOP_PAD_: String(2 ** 26) };

/**
 * Resolves once the module is ready.
 * @param module relative to `dist`, with a `serve`
 */
export async function start<Ready>(role: Role, module: string, argument: unknown = null): Promise<Process<Ready>> {
  const args = ["--expose-gc", host, module.replace(/\.js$/, extension), JSON.stringify(argument)];
  const child = spawn(...pinned(role, process.execPath, args), {
    env: { ...process.env, ...allocator },
    stdio: ["ignore", 2, "pipe", "ipc"],
  });
  endWithUs(child);
  // Some stacks log a caller that goes away. It is told only when the process fails.
  let logged = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    logged = (logged + text).slice(-4000);
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let ended: Error | undefined;
  let lastId = 0;
  const expect = (id: number) => {
    const answer = Promise.withResolvers<unknown>();
    if (ended === undefined) waiting.set(id, answer);
    else answer.reject(ended);
    return answer.promise;
  };
  child.on("message", ({ id, result, error }: Answer) => {
    const answer = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) answer?.resolve(result);
    else answer?.reject(new Error(`${module}: ${error}`));
  });
  const end = (reason: string) => {
    ended ??= new Error(`${module}: ${reason}`);
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  child.on("error", (error) => end(error.message));
  child.on("exit", (status, signal) => end(`ended with ${signal ?? `status ${status}`}\n${logged}`));
  const ready = (await expect(0)) as Ready;
  return {
    ready,
    // What comes from another process is what it says it is.
    ask: async <Result>(command: string, argument?: unknown) => {
      const answer = expect(++lastId);
      if (child.connected) child.send({ id: lastId, command, argument });
      return (await answer) as Result;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
