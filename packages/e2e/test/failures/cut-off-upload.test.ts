// An upload that is cut off, as a server on grpc-go sees it: a cancel, and never io.EOF, which stands for the whole of it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Greeter } from "@grpc-study/proto/push";
import { createChannel, createClient } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { Process } from "../harness/process.ts";

const gopath = process.env["GO_GOPATH"] ?? "/usr/share/gocode";
const hasGo = spawnSync("go", ["version"]).status === 0 && existsSync(join(gopath, "src/google.golang.org/grpc"));

/** Builds and starts the server; a line of its output is how one call ended. */
async function startGo(): Promise<{ address: string; server: Process }> {
  const folder = mkdtempSync(join(tmpdir(), "uploads-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const source = join(import.meta.dirname, "../../foreign/go/uploads/uploads.go");
  const program = join(folder, "uploads");
  const env = { ...process.env, GO111MODULE: "off", GOPATH: gopath };
  const build = spawnSync("go", ["build", "-o", program, source], { env, encoding: "utf8" });
  expect(build.stderr).toBe("");
  const server = new Process(program, []);
  onTestFinished(() => server[Symbol.asyncDispose]());
  await server.stdout.count(1);
  return { address: `127.0.0.1:${server.stdout.text.trim()}`, server };
}

const data = { data: "a part" };

test.skipIf(!hasGo)("grpc-go sees a cancel for whatever cuts an upload off, and io.EOF for a whole one", { timeout: 180_000 }, async () => {
  const { address, server } = await startGo();
  using channel = createChannel(address);
  await channel.connect();
  const client = createClient(Greeter, channel);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
  async function* failing() {
    yield data;
    await pause();
    throw new Error("the disk is gone");
  }
  async function* endless() {
    yield data;
    await new Promise(() => {});
  }
  const cut: readonly (() => Promise<unknown>)[] = [
    async () => {
      const call = client.putStream();
      await call.send(data);
      await pause();
      call.cancel();
    },
    async () => {
      using call = client.allStream();
      await call.send(data);
      await pause();
    },
    () => client.putStream(failing()),
    () => client.allStream(failing()).recv(),
    () => client.putStream(endless(), { timeoutMs: 200 }),
    () => client.allStream(endless(), { timeoutMs: 200 }).recv(),
    () => client.putStream(endless(), { signal: AbortSignal.timeout(200) }),
    () => client.allStream(endless(), { signal: AbortSignal.timeout(200) }).recv(),
  ];
  for (const upload of cut) await upload().catch(() => {});
  await server.stdout.count(1 + cut.length);
  await client.putStream([data, data]);
  await server.stdout.count(2 + cut.length);
  const ends = server.stdout.text.trim().split("\n").slice(1);
  expect(ends.slice(0, cut.length)).toEqual(cut.map(() => expect.stringMatching(/^\/\S+ 1 (?:Canceled|DeadlineExceeded)$/)));
  expect(ends.at(-1)).toMatch(/ 2 complete$/);
});
