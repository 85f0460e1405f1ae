// Our server's command: one topic, on loopback, on a port that the system gives.

import { serverMain } from "./paths.ts";
import { Process } from "./process.ts";

export interface ServeOptions {
  /** Node's own arguments. */
  readonly node?: readonly string[];
  readonly args?: readonly string[];
  readonly ipc?: boolean;
  /** What a shell does before it becomes the server, and the server's redirections: `ulimit -n 50; exec "$@" 2>/dev/full`. */
  readonly shell?: string;
}

/** A line of the server's log. */
export interface LogEntry {
  readonly level: string;
  readonly msg: string;
  readonly topic?: string;
  readonly method?: string;
  readonly status?: string;
}

export class ServerProcess extends Process {
  /** `host:port`, as the table says it. */
  address = "";

  get port(): number {
    return Number(/:(\d+)$/.exec(this.address)?.[1]);
  }

  /** Ends the server as whoever runs it would. */
  async stop(): Promise<void> {
    this.kill("SIGTERM");
    await this.exit;
  }

  /** The first entry of the log that matches, now or later. */
  async logged(matches: (entry: LogEntry) => boolean): Promise<LogEntry> {
    return JSON.parse(await this.stderr.line((line) => matches(JSON.parse(line)))) as LogEntry;
  }

  /** The log's messages so far, without those of calls. */
  get messages(): string[] {
    return this.stderr.lines.map((line) => (JSON.parse(line) as LogEntry).msg).filter((msg) => msg !== "call");
  }
}

/** Starts our server with one topic, and resolves once it listens. */
export async function serve(topic: string, { node = [], args = [], ipc = false, shell }: ServeOptions = {}): Promise<ServerProcess> {
  const command = [process.execPath, ...node, serverMain, "serve", topic, "--port", "0", ...args];
  const [program = "", ...rest] = shell === undefined ? command : ["bash", "-c", shell, "bash", ...command];
  const server = new ServerProcess(program, rest, { ipc });
  try {
    const row = await server.stdout.line((line) => line.startsWith(`${topic} `));
    server.address = row.split(/\s+/)[1] ?? "";
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw new Error(`the server did not start: ${server.stderr.text}`, { cause: error });
  }
}
