import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import { accepts, startServer, type TestServer } from "./test-server.ts";

/** Says what to install if the machine has no NATS server. */
export function natsMissing(): string | undefined {
  return findNats() === undefined ? "needs nats-server (Debian: apt install nats-server)" : undefined;
}

/**
 * Starts `nats-server` with JetStream in a new temporary folder.
 *
 * @param args Further arguments, for example `["--user", "mei", "--pass", "secret"]`.
 */
export async function startNats(args: readonly string[] = []): Promise<TestServer> {
  const command = findNats();
  if (command === undefined) throw new Error(natsMissing());
  const folder = await mkdtemp(join(tmpdir(), "nats-"));
  const port = await freePort();
  return startServer({
    url: `nats://127.0.0.1:${port}`,
    port,
    command,
    args: ["--addr", "127.0.0.1", "--port", `${port}`, "--jetstream", "--store_dir", folder, ...args],
    signals: { stop: "SIGTERM", crash: "SIGKILL" },
    ready: () => accepts(port),
    deleteData: () => rm(folder, { recursive: true, force: true }),
  });
}

function findNats(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/bin"];
  return folders.map((folder) => join(folder, "nats-server")).find(existsSync);
}
