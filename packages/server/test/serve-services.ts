// For the tests of the services: a server in this process, and a log that can be read.
import { createLogger } from "@grpc-study/log";
import { type Channel, createChannel, createServer, type Implementation } from "@grpc-study/rpc";
import { validate } from "@grpc-study/rpc/validate";
import type { Logger } from "pino";
import { onTestFinished } from "vitest";

/**
 * Serves until the test ends, validates requests as a topic does, and returns a channel to the
 * server.
 */
export async function serveServices(...services: readonly Implementation[]): Promise<Channel> {
  const server = createServer({ interceptors: [validate()] });
  server.add(...services);
  const { address } = await server.listen("127.0.0.1:0");
  const channel = createChannel(address);
  onTestFinished(async () => {
    channel.close();
    await server.shutdown({ graceMs: 0 });
  });
  return channel;
}

/** Returns a logger and the lines that it has logged. */
export function recordLog(): { readonly log: Logger; readonly lines: Record<string, unknown>[]; messages(): unknown[] } {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger("trace", { write: (line) => lines.push(JSON.parse(line)) });
  return { log, lines, messages: () => lines.map(({ msg }) => msg) };
}
