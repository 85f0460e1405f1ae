// Several processes that serve together: real ones, of the built command. Who they are is read from /proc, which only Linux has.
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { Greeter } from "@grpc-study/proto/chat";
import { createClient } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

test.skipIf(process.platform !== "linux")(
  "workers share one port and one table; one that is killed comes back; a SIGTERM ends them all",
  { timeout: 60_000 },
  async () => {
    const command = start("chat", "--port", "0", "--workers", "2");
    const address = /localhost:\d+/.exec(await command.line(/^chat /))?.[0] ?? "";
    expect(command.stdout().match(/^chat/gm)).toHaveLength(1);
    expect(await ask(address)).toBe("AI");

    const children = () => childrenOf(command.process.pid ?? 0);
    await expect.poll(async () => (await children()).length).toBe(2);
    const [victim = 0] = await children();
    process.kill(victim, "SIGKILL");
    await expect.poll(async () => (await children()).filter((pid) => pid !== victim).length, { timeout: 10_000 }).toBe(2);
    expect(command.stderr()).toContain("a worker has ended");
    await expect.poll(() => ask(address).catch(String), { timeout: 10_000 }).toBe("AI");

    command.process.kill("SIGTERM");
    expect(await command.exit).toBe(0);
    await expect.poll(async () => (await children()).length).toBe(0);
  },
);

test.skipIf(process.platform !== "linux")(
  "a SIGTERM to all of them at once, as systemd sends it, ends them in order",
  { timeout: 60_000 },
  async () => {
    for (let times = 0; times < 3; times++) {
      const command = start("chat", "--port", "0", "--workers", "3");
      await command.line(/^chat /);
      const pid = command.process.pid ?? 0;
      for (const one of [...(await childrenOf(pid)), pid]) process.kill(one, "SIGTERM");
      expect(await command.exit, command.stderr()).toBe(0);
    }
  },
);

test("a port in use is one line, and the end of all of them", { timeout: 60_000 }, async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as { port: number };
  const command = start("chat", "--port", String(port), "--workers", "2");
  expect(await command.exit).toBe(1);
  expect(command.stderr()).toBe(`error: topic chat: port ${port} is already in use (127.0.0.1:${port})\n`);
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
      await expect.poll(find, { timeout: 20_000 }).toBeDefined();
      return find() ?? "";
    },
  };
}

async function ask(address: string): Promise<string> {
  using client = createClient(Greeter, address);
  const [response] = await Array.fromAsync(client.bidiHello([{ name: "AI" }], { timeoutMs: 5000 }));
  return response?.reply ?? "";
}

/** By /proc, or nobody where there is none. */
async function childrenOf(pid: number): Promise<number[]> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}
