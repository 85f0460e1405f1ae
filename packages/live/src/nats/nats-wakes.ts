// Wake-ups over core NATS, for a log that is elsewhere.
import type { NatsConnection } from "@nats-io/transport-node";
import { Backoff } from "../retry.ts";
import { WakeSet, type Wakes } from "../wakes.ts";
import { subjectOf } from "./subject.ts";

export class NatsWakes implements Wakes {
  readonly #connect: () => Promise<NatsConnection>;
  readonly #prefix: string;
  readonly #end = new AbortController();
  readonly #wakes = new WakeSet();
  /** Undefined while there is no connection to a server. */
  #connection: NatsConnection | undefined;
  #running: Promise<void> | undefined;

  constructor(connect: () => Promise<NatsConnection>, prefix: string) {
    this.#connect = connect;
    this.#prefix = prefix;
  }

  add(topic: string, wake: () => void): () => void {
    this.#running ??= this.#run();
    return this.#wakes.add(topic, wake);
  }

  /** Without a connection, this wakes up only this process: once it is back, everybody is woken up. */
  announce(topic: string): void {
    this.#running ??= this.#run();
    this.#wakes.wake(topic);
    this.#connection?.publish(subjectOf(this.#prefix, topic), topic);
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    const backoff = new Backoff();
    while (!signal.aborted) {
      let connection: NatsConnection | undefined;
      const close = () => void connection?.close();
      signal.addEventListener("abort", close);
      try {
        connection = await this.#connect();
        if (signal.aborted) close();
        await Promise.all([this.#receive(connection, backoff), this.#watch(connection), connection.closed()]);
      } catch {
        // The next try follows, whatever the cause; readers look into their log meanwhile.
      } finally {
        signal.removeEventListener("abort", close);
        await connection?.close();
        this.#connection = undefined;
      }
      await backoff.wait(signal);
    }
  }

  async #receive(connection: NatsConnection, backoff: Backoff): Promise<void> {
    const messages = connection.subscribe(`${this.#prefix}.*`);
    // The server answers after it has accepted the subscription, or refused and so closed it.
    await connection.flush();
    if (!messages.isClosed()) backoff.reset();
    for await (const message of messages) this.#wakes.wake(message.string());
  }

  async #watch(connection: NatsConnection): Promise<void> {
    const open = () => {
      this.#connection = connection;
      this.#wakes.wakeAll();
    };
    open();
    for await (const { type } of connection.status()) {
      if (type === "reconnect") open();
      else if (type === "disconnect") this.#connection = undefined;
    }
  }
}
