// Starts our server's command: one topic, on loopback, on a port that the system assigns.

import { serverMain } from "./paths.ts";
import { Process } from "./process.ts";

export interface ServeOptions {
  /** Arguments of Node itself. */
  readonly node?: readonly string[];
  readonly args?: readonly string[];
  readonly ipc?: boolean;
  /**
   * A bash command that starts the server, with limits or redirections: `ulimit -n 50; exec "$@"
   * 2>/dev/full`.
   */
  readonly shell?: string;
}

/** An entry of the server's log. */
export interface LogEntry {
  readonly level: string;
  readonly msg: string;
  readonly topic?: string;
  readonly method?: string;
  readonly status?: string;
}

export class ServerProcess extends Process {
  /** `host:port`, as printed in the start table. */
  address = "";

  get port(): number {
    return Number(/:(\d+)$/.exec(this.address)?.[1]);
  }

  /** Stops the server with SIGTERM, as an operator does. */
  async stop(): Promise<void> {
    this.kill("SIGTERM");
    await this.exit;
  }

  /** Resolves with the first log entry that matches, now or later. */
  async logged(matches: (entry: LogEntry) => boolean): Promise<LogEntry> {
    return JSON.parse(await this.stderr.line((line) => matches(JSON.parse(line)))) as LogEntry;
  }

  /** The lines of the log that say more than that the data is in memory, as the tests ask for. */
  get faults(): string[] {
    return this.stderr.lines.filter((line) => !/^\{"level":"info",|"msg":"the data is in memory /.test(line));
  }

  /** The log messages so far, except those of calls. */
  get messages(): string[] {
    return this.stderr.lines.map((line) => (JSON.parse(line) as LogEntry).msg).filter((msg) => msg !== "call");
  }
}

/**
 * Starts our server with one topic, and resolves once it listens. A shop has its data then, unless a
 * shell starts it.
 */
export async function serve(topic: string, { node = [], args = [], ipc = false, shell }: ServeOptions = {}): Promise<ServerProcess> {
  const command = [process.execPath, ...node, serverMain, "serve", topic, "--port", "0", ...args];
  const [program = "", ...rest] = shell === undefined ? command : ["bash", "-c", shell, "bash", ...command];
  const server = new ServerProcess(program, rest, { ipc });
  try {
    const row = await server.stdout.line((line) => line.startsWith(`${topic} `));
    server.address = row.split(/\s+/)[1] ?? "";
    // Until then, the calls of the shop wait, on a busy machine beyond their deadlines.
    if (topic === "shop" && shell === undefined) await server.stderr.line((line) => line.includes("the data is in"));
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw new Error(`the server did not start: ${server.stderr.text}`, { cause: error });
  }
}
