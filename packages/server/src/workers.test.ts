// Workers as real processes of the built command. Their process ids come from /proc, which only
// Linux has.
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { Greeter } from "@grpc-study/proto/chat";
import { createClient } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { isShort } from "../../../scripts/ci-tests.ts";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

test.skipIf(process.platform !== "linux")(
  "workers share one port and one table; a killed worker is replaced; SIGTERM ends them all",
  { timeout: 120_000 },
  async () => {
    const command = start("chat", "--port", "0", "--workers", "2");
    const address = /localhost:\d+/.exec(await command.line(/^chat /))?.[0] ?? "";
    expect(command.stdout().match(/^chat/gm)).toHaveLength(1);
    expect(await ask(address)).toBe("AI");

    const children = () => childrenOf(command.process.pid ?? 0);
    await expect.poll(async () => (await children()).length).toBe(2);
    const [victim = 0] = await children();
    process.kill(victim, "SIGKILL");
    await expect.poll(async () => (await children()).filter((pid) => pid !== victim).length, { timeout: 40_000 }).toBe(2);
    expect(command.stderr()).toContain("a worker ended");
    await expect.poll(() => ask(address).catch(String), { timeout: 40_000 }).toBe("AI");

    command.process.kill("SIGTERM");
    expect(await command.exit).toBe(0);
    await expect.poll(async () => (await children()).length).toBe(0);
  },
);

test.skipIf(process.platform !== "linux")(
  "a SIGTERM to all processes at once, as systemd sends it, ends them with status 0",
  { timeout: 120_000 },
  async () => {
    for (let times = 0; times < (isShort ? 1 : 3); times++) {
      const command = start("chat", "--port", "0", "--workers", "3");
      await command.line(/^chat /);
      const pid = command.process.pid ?? 0;
      for (const one of [...(await childrenOf(pid)), pid]) process.kill(one, "SIGTERM");
      expect(await command.exit, command.stderr()).toBe(0);
    }
  },
);

test.skipIf(process.platform !== "linux")(
  "workers that die at once are replaced on the same port, and the log has the cause of each end",
  { timeout: 120_000 },
  async () => {
    const command = start("chat", "--port", "0", "--workers", "3");
    const address = /localhost:\d+/.exec(await command.line(/^chat /))?.[0] ?? "";
    for (let times = 1; times <= (isShort ? 1 : 2); times++) {
      const victims = await childrenOf(command.process.pid ?? 0);
      expect(victims).toHaveLength(3);
      for (const victim of victims) process.kill(victim, "SIGKILL");
      const replaced = async () => (await childrenOf(command.process.pid ?? 0)).filter((pid) => !victims.includes(pid)).length;
      await expect.poll(replaced, { timeout: 40_000 }).toBe(3);
      await expect.poll(() => ask(address).catch(String), { timeout: 40_000 }).toBe("AI");
      await expect.poll(() => command.stderr().match(/a new worker serves in its place/g)?.length, { timeout: 40_000 }).toBe(3 * times);
      expect(command.stderr().match(/it was killed by SIGKILL/g)).toHaveLength(3 * times);
    }
    command.process.kill("SIGTERM");
    expect(await command.exit).toBe(0);
  },
);

// Waits for eight delays, the last ones of seconds.
test.skipIf(process.platform !== "linux" || isShort)(
  "workers that cannot listen again end the command with status 1 and one line with the reason",
  { timeout: 120_000 },
  async () => {
    const command = start("chat", "--port", "0", "--workers", "2");
    const address = /localhost:\d+/.exec(await command.line(/^chat /))?.[0] ?? "";
    const port = Number(address.split(":")[1]);
    for (const victim of await childrenOf(command.process.pid ?? 0)) process.kill(victim, "SIGKILL");
    // Their port is free for a moment.
    await expect.poll(() => take(port), { interval: 1 }).toBe(true);
    expect(await command.exit, command.stderr()).toBe(1);
    const lines = command.stderr().trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(
      new RegExp(`^error: a worker failed 8 times in a row; the last time, it could not serve: topic chat: port ${port} is already in use`),
    );
    expect(lines.filter((line) => !line.startsWith("{"))).toHaveLength(1);
    expect(await childrenOf(command.process.pid ?? 0)).toEqual([]);
  },
);

test.skipIf(process.platform !== "linux").each(isShort ? (["SIGTERM"] as const) : (["SIGTERM", "SIGINT", "SIGHUP"] as const))(
  "a %s while a replacement is delayed ends the command at once with status 0",
  { timeout: 120_000 },
  async (signal) => {
    const command = start("chat", "--port", "0", "--workers", "2");
    await command.line(/^chat /);
    const pid = command.process.pid ?? 0;
    // Each time it waits twice as long.
    await expect
      .poll(
        async () => {
          for (const child of await childrenOf(pid)) process.kill(child, "SIGKILL");
          return Math.max(0, ...[...command.stderr().matchAll(/"delayMs":(\d+)/g)].map(([, delay]) => Number(delay)));
        },
        { timeout: 30_000, interval: 10 },
      )
      .toBeGreaterThan(1_000);
    const begin = performance.now();
    command.process.kill(signal);
    expect(await command.exit, command.stderr()).toBe(0);
    expect(performance.now() - begin).toBeLessThan(1_000);
    expect(await childrenOf(pid)).toEqual([]);
  },
);

test("a port in use ends all workers and is reported on one line", { timeout: 120_000 }, async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as { port: number };
  const command = start("chat", "--port", String(port), "--workers", "2");
  expect(await command.exit).toBe(1);
  // The log may have lines before.
  const lines = command.stderr().split("\n");
  expect(lines.filter((line) => !line.startsWith("{"))).toEqual([
    `error: topic chat: port ${port} is already in use (127.0.0.1:${port})`,
    "",
  ]);
});

function start(...args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const texts = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    texts.stdout += String(chunk);
  });
  child.stderr?.on("data", (chunk) => {
    texts.stderr += String(chunk);
  });
  return {
    process: child,
    exit: new Promise<number | null>((resolve) => child.once("close", resolve)),
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    async line(pattern: RegExp): Promise<string> {
      const find = () => texts.stdout.split("\n").find((line) => pattern.test(line));
      await expect.poll(find, { timeout: 60_000 }).toBeDefined();
      return find() ?? "";
    },
  };
}

/** Listens on a port until the test ends. Returns `false` if the port is in use. */
async function take(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.once("listening", () => {
      onTestFinished(() => void server.close());
      resolve(true);
    });
  });
}

async function ask(address: string): Promise<string> {
  using client = createClient(Greeter, address);
  const [response] = await Array.fromAsync(client.bidiHello([{ name: "AI" }], { timeoutMs: 5000 }));
  return response?.reply ?? "";
}

/** Reads process ids from /proc. Returns [] where /proc does not exist. */
async function childrenOf(pid: number): Promise<number[]> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}
