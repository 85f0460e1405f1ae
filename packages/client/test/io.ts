// Runs a command in a test, with streams that the test reads and writes.
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { createServer, type Implementation, type Server } from "@grpc-study/rpc";
import { onTestFinished } from "vitest";
import { run } from "../src/cli.ts";
import { createInterrupt, type Interrupt } from "../src/interrupt.ts";

export interface Started {
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  readonly interrupt: Interrupt;
  /** Resolves when the command has ended. */
  readonly ended: Promise<{ status: number; stdout: string; stderr: string }>;
}

/** Starts a command, as main.ts does. */
export function start(...args: string[]): Started {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const interrupt = createInterrupt();
  const output = Promise.all([text(stdout), text(stderr)]);
  const ended = run(args, { stdin, stdout, stderr, interrupt }).then(async (status) => {
    stdout.end();
    stderr.end();
    const [out, err] = await output;
    return { status, stdout: out, stderr: err };
  });
  return { stdin, stdout, interrupt, ended };
}

export interface Served {
  readonly server: Server;
  readonly address: string;
  stop(): Promise<void>;
}

/** Serves until the test ends, and returns the address. */
export async function serve(...implementations: Implementation[]): Promise<Served> {
  const server = createServer();
  server.add(...implementations);
  const { address } = await server.listen("127.0.0.1:0");
  const stop = async () => void (await server.shutdown({ graceMs: 0 }));
  onTestFinished(stop);
  return { server, address, stop };
}
