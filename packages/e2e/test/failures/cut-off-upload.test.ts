// grpc-go sees an interrupted upload as cancelled. It never sees io.EOF, which means a complete
// upload.
import { Greeter } from "@grpc-study/proto/push";
import { createChannel, createClient } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { buildGo, hasGo } from "../harness/go-program.ts";
import { Process } from "../harness/process.ts";

/** Builds and starts the server. It prints one line for the end of each call. */
async function startGo(): Promise<{ address: string; server: Process }> {
  const server = new Process(buildGo("uploads"), []);
  onTestFinished(() => server[Symbol.asyncDispose]());
  await server.stdout.count(1);
  return { address: `127.0.0.1:${server.stdout.text.trim()}`, server };
}

const data = { data: "a part" };

test.skipIf(!hasGo)("grpc-go sees an interrupted upload as cancelled, and a complete one as io.EOF", { timeout: 180_000 }, async () => {
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
