// Several processes share a log, and some of them are killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { Live } from "../src/index.ts";
import { text } from "./entries.ts";
import { kinds } from "./logs.ts";

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

for (const kind of kinds.filter(({ hasServer }) => hasServer)) {
  const title = `${kind.name}: processes see the same entries while publishers and the server are killed${kind.missing ? `: ${kind.missing}` : ""}`;
  test.skipIf(kind.missing !== undefined)(title, { timeout: 120_000 }, async () => {
    await using log = await kind.start();
    const start = (...args: string[]) => startProcess(kind.name, log.server?.url ?? "", "shared", ...args);
    const followers = [start("follow"), start("follow")];
    for (const { lines } of followers) await until(() => lines.length > 0);
    const publishers = [start("publish", "a"), start("publish", "b")];
    for (const { lines } of publishers) await until(() => lines.length > 20);
    await publishers[0]?.kill();
    await log.server?.crash();
    await sleep(300);
    await log.server?.start();
    for (const { lines } of publishers.slice(1)) await until(growsBy(lines, 20));
    await publishers[1]?.kill();

    const live = log.open();
    let stored = await readAll(live);
    // The last entry of a publisher that is killed may be stored after that.
    while (followers.some(({ lines }) => lines.length !== stored.length + 1)) {
      await sleep(20);
      stored = await readAll(live);
    }
    expect(new Set(stored).size).toBe(stored.length);
    // A publisher that is killed may have stored one more entry than it was told of.
    for (const [i, { lines }] of publishers.entries()) {
      const own = stored.filter((entry) => entry.startsWith(`${"ab"[i]}/`));
      expect(own.slice(0, lines.length)).toEqual(lines);
      expect(own.length - lines.length).toBeLessThanOrEqual(1);
    }
    for (const { lines } of followers) expect(lines).toEqual(["open", ...stored]);
  });
}

async function readAll(live: Live): Promise<string[]> {
  const stored: string[] = [];
  for (let after = 0n; ; ) {
    const page = await live.read("shared", { after, limit: 1_000 });
    const last = page.at(-1);
    if (last === undefined) return stored;
    after = last.position;
    stored.push(...page.map(text));
  }
}

function startProcess(...args: string[]) {
  const child = spawn(process.execPath, ["--conditions=@grpc-study/source", new URL("process.ts", import.meta.url).pathname, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface(child.stdout);
  reader.on("line", (line) => lines.push(line));
  return {
    lines,
    async kill() {
      child.kill("SIGKILL");
      await once(reader, "close");
    },
  };
}

function growsBy(lines: readonly string[], count: number): () => boolean {
  const { length } = lines;
  return () => lines.length >= length + count;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20);
}
