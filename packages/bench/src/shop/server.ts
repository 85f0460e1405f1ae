// The shop in processes of its own, as `pnpm start shop` serves it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { killOnExit } from "../process/children.ts";

const main = createRequire(import.meta.url).resolve("@grpc-study/server/dist/main.js");

export interface ServedShop extends AsyncDisposable {
  readonly address: string;
}

/** @param args options of the command, such as `["--data", folder]`. */
export async function serveShop(args: readonly string[]): Promise<ServedShop> {
  const options = ["--port", "0", "--security", "plain", "--log-level", "error"];
  const child = spawn(process.execPath, [main, "shop", ...options, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  killOnExit(child);
  const exit = once(child, "exit");
  // The first line of the table has the address.
  const address = await Promise.race([
    (async () => {
      for await (const line of createInterface({ input: child.stdout })) {
        const [, found] = /(localhost:\d+)/.exec(line) ?? [];
        if (found !== undefined) return found;
      }
      return undefined;
    })(),
    exit.then(() => undefined),
  ]);
  if (address === undefined) throw new Error("the shop did not start");
  child.stdout.resume();
  return {
    address,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exit;
    },
  };
}
