// Streams that exchange a message every 100 ms, and that open again when a server ends them.
import { setTimeout } from "node:timers/promises";
import { UserService } from "@grpc-study/proto/shop";
import { type Channel, Code, createClient, RpcError } from "@grpc-study/rpc";

const intervalMs = 100;

export class Streams {
  /** The number of streams that a server ended with UNAVAILABLE, by its name. */
  readonly told = new Map<string, number>();
  /** Ends for other reasons. */
  readonly failures: string[] = [];
  /** The number of messages that came back. */
  messages = 0;
  /** The server of each stream. Undefined while it reconnects. */
  readonly #servers: (string | undefined)[];
  readonly #running: Promise<void>[];
  #stopped = false;

  constructor(channel: Channel, count: number) {
    this.#servers = Array.from({ length: count }, () => undefined);
    this.#running = this.#servers.map((_, index) => this.#run(channel, index));
  }

  /** The names of the servers that have the streams, and the number of streams of each. */
  get servers(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const server of this.#servers) if (server !== undefined) counts.set(server, (counts.get(server) ?? 0) + 1);
    return counts;
  }

  /** Half-closes the streams, and waits for their end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #run(channel: Channel, index: number): Promise<void> {
    const client = createClient(UserService, channel);
    for (let userId = 1; !this.#stopped; ) {
      const stream = client.getUserScoreByDoubleEndStream({
        waitForReady: true,
        onHeader: (header) => {
          this.#servers[index] = header.get("x-server");
        },
      });
      try {
        while (!this.#stopped) {
          await stream.send({ users: [{ userId }] });
          const response = await stream.recv();
          if (response?.users[0]?.userId !== userId) throw new Error(`message ${userId} came back as ${response?.users[0]?.userId}`);
          userId++;
          this.messages++;
          await setTimeout(intervalMs);
        }
        stream.closeSend();
        if ((await stream.recv()) !== undefined) throw new Error("a message after the last one");
      } catch (error) {
        const server = this.#servers[index] ?? "none";
        if (RpcError.from(error).code === Code.UNAVAILABLE) this.told.set(server, (this.told.get(server) ?? 0) + 1);
        else this.failures.push(String(error));
        this.#servers[index] = undefined;
      }
    }
  }
}
