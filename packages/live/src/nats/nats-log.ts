import {
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { LiveError, trimmed, unavailable } from "../error.ts";
import type { Entry } from "../live.ts";
import { bytesOfEntry, type Log, lastOf, maxPageBytes } from "../log.ts";
import { subjectOf } from "./subject.ts";

export interface NatsLogOptions {
  readonly connect: () => Promise<NatsConnection>;
  readonly closeConnection: boolean;
  readonly stream: string;
  readonly prefix: string;
  readonly replicas: number;
}

interface Session {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly onLost: Set<() => void>;
}

/** How long the server may take to answer, in milliseconds. */
const timeoutMs = 5_000;

export class NatsLog implements Log {
  readonly bytesOf = bytesOfEntry;
  readonly #options: NatsLogOptions;
  #session: Promise<Session> | undefined;

  constructor(options: NatsLogOptions) {
    this.#options = options;
  }

  async append(topic: string, data: Uint8Array, id: string | undefined): Promise<bigint> {
    const { client } = await this.#open();
    const options = { timeout: timeoutMs, ...(id === undefined ? {} : { msgID: `${this.#subject(topic)} ${id}` }) };
    const { seq } = await available(client.publish(this.#subject(topic), data, options));
    return BigInt(seq);
  }

  async read(topic: string, after: bigint, limit: number): Promise<readonly Entry[]> {
    const { client } = await this.#open();
    if (after < (await this.bounds(topic)).start) throw trimmed(topic, after);
    const consumer = await available(client.consumers.get(this.#options.stream, this.#consumer(topic, after)));
    try {
      const { num_pending: pending } = await available(consumer.info(true));
      const count = Math.min(pending, limit);
      if (count === 0) return [];
      const page: Entry[] = [];
      let bytes = 0;
      const messages = await available(consumer.fetch({ max_messages: count, expires: timeoutMs }));
      for await (const message of messages) {
        bytes += message.data.length;
        if (page.length > 0 && bytes > maxPageBytes) break;
        page.push(entryOf(message));
        if (page.length === count) break;
      }
      if (page.length === 0) throw unavailable("NATS", new Error("no entry arrived in time"));
      return page;
    } finally {
      await consumer.delete().catch(() => {});
    }
  }

  async bounds(topic: string): Promise<{ start: bigint; end: bigint }> {
    const { manager } = await this.#open();
    const { stream } = this.#options;
    const [mark, { state, config }] = await available(
      Promise.all([manager.streams.getMessage(stream, { last_by_subj: this.#markOf(topic) }), manager.streams.info(stream)]),
    );
    const trimmedTo = mark === null ? 0n : BigInt(mark.string());
    // Entries that a limit deleted may have been of any topic.
    const dropped = hasLimits(config) ? BigInt(Math.max(state.first_seq - 1, 0)) : 0n;
    return { start: trimmedTo > dropped ? trimmedTo : dropped, end: BigInt(state.last_seq) };
  }

  async before(topic: string, time: Date): Promise<bigint> {
    const { end } = await this.bounds(topic);
    const { client } = await this.#open();
    const options = { filter_subjects: this.#subject(topic), opt_start_time: time.toISOString(), deliver_policy: DeliverPolicy.StartTime };
    const consumer = await available(client.consumers.get(this.#options.stream, options));
    try {
      if ((await available(consumer.info(true))).num_pending === 0) return end;
      const first = await available(consumer.next({ expires: timeoutMs }));
      if (first === null) throw unavailable("NATS", new Error("no entry arrived in time"));
      return BigInt(first.seq - 1);
    } finally {
      await consumer.delete().catch(() => {});
    }
  }

  async beforeLast(topic: string, count: number): Promise<bigint> {
    const { start, end } = await this.bounds(topic);
    // Between entries of the topic are those of others: look back further, until there are enough.
    for (let span = count; ; span *= 4) {
      const after = lastOf({ start, end }, span);
      let surplus = (await this.#countAfter(topic, after)) - count;
      if (surplus < 0 && after > start) continue;
      let position = after;
      while (surplus > 0) {
        const page = await this.read(topic, position, Math.min(surplus, 1_000));
        position = page.at(-1)?.position ?? position;
        surplus = page.length === 0 ? 0 : surplus - page.length;
      }
      return position;
    }
  }

  async trim(topic: string, upTo: bigint): Promise<void> {
    const { client, manager } = await this.#open();
    const { start, end } = await this.bounds(topic);
    const position = upTo < end ? upTo : end;
    if (position <= start) return;
    // First the mark: a reader that needs what is deleted must be told.
    const mark = this.#markOf(topic);
    await available(client.publish(mark, `${position}`, { timeout: timeoutMs }));
    await available(manager.streams.purge(this.#options.stream, { filter: mark, keep: 1 }));
    await available(manager.streams.purge(this.#options.stream, { filter: this.#subject(topic), seq: Number(position) + 1 }));
  }

  async *follow(topic: string, after: bigint, signal: AbortSignal): AsyncGenerator<readonly Entry[]> {
    const { client, connection, onLost } = await this.#open();
    const consumer = await available(client.consumers.get(this.#options.stream, this.#consumer(topic, after)));
    const messages = await available(consumer.consume({ max_messages: 256, abort_on_missing_resource: true }));
    const close = () => void messages.close();
    signal.addEventListener("abort", close);
    // Without the connection, the consumer would wait for a missed heartbeat; the caller follows again.
    onLost.add(close);
    try {
      if (signal.aborted) return;
      for await (const message of messages) yield [entryOf(message)];
      if (!signal.aborted) throw unavailable("NATS", new Error("the consumer ended"));
    } catch (error) {
      throw asUnavailable(error);
    } finally {
      signal.removeEventListener("abort", close);
      onLost.delete(close);
      await messages.close();
      if (!connection.isClosed()) await consumer.delete().catch(() => {});
    }
  }

  async ready(): Promise<void> {
    const { manager } = await this.#open();
    await available(manager.streams.info(this.#options.stream));
  }

  async close(): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    if (this.#options.closeConnection) await session?.connection.close();
  }

  async #countAfter(topic: string, after: bigint): Promise<number> {
    const { client } = await this.#open();
    const consumer = await available(client.consumers.get(this.#options.stream, this.#consumer(topic, after)));
    try {
      return (await available(consumer.info(true))).num_pending;
    } finally {
      await consumer.delete().catch(() => {});
    }
  }

  #subject(topic: string): string {
    return subjectOf(this.#options.prefix, topic);
  }

  /** The subject whose last message says up to where the topic was trimmed. */
  #markOf(topic: string): string {
    return `${this.#subject(topic)}.trimmed`;
  }

  #consumer(topic: string, after: bigint) {
    return { filter_subjects: this.#subject(topic), opt_start_seq: Number(after) + 1 };
  }

  /** Connects with the first call that reaches a server, and creates the stream if it is missing. */
  #open(): Promise<Session> {
    this.#session ??= this.#connect().catch((error: unknown) => {
      this.#session = undefined;
      throw asUnavailable(error);
    });
    return this.#session;
  }

  async #connect(): Promise<Session> {
    const { connect, closeConnection } = this.#options;
    const connection = await connect();
    try {
      const manager = await jetstreamManager(connection, { timeout: timeoutMs });
      await this.#ensureStream(manager);
      const onLost = new Set<() => void>();
      void watch(connection, onLost);
      // A connection that the server refuses for good closes: the next call opens another one.
      void connection.closed().then(() => (this.#session = undefined));
      return { connection, manager, onLost, client: jetstream(connection, { timeout: timeoutMs }) };
    } catch (error) {
      if (closeConnection) await connection.close();
      throw error;
    }
  }

  async #ensureStream(manager: JetStreamManager): Promise<StreamInfo> {
    const { stream, prefix, replicas } = this.#options;
    try {
      return await manager.streams.info(stream);
    } catch (error) {
      if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error;
    }
    return await manager.streams.add({
      name: stream,
      subjects: [`${prefix}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      // A stream with limits then refuses new entries, rather than deleting what readers wait for.
      discard: DiscardPolicy.New,
      num_replicas: replicas,
    });
  }
}

/** Calls the functions each time the connection is lost. */
async function watch(connection: NatsConnection, onLost: ReadonlySet<() => void>): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === "disconnect" || type === "close") for (const lost of [...onLost]) lost();
  }
}

function hasLimits({ max_age, max_bytes, max_msgs, max_msgs_per_subject }: StreamConfig): boolean {
  return [max_age, max_bytes, max_msgs, max_msgs_per_subject].some((limit) => limit > 0);
}

// A copy: the message is a part of what the socket has read, which the window would keep.
const entryOf = ({ seq, time, data }: JsMsg): Entry => ({ position: BigInt(seq), time, data: new Uint8Array(data) });

async function available<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw asUnavailable(error);
  }
}

/** Everything but a refusal of the server comes from its connection. */
function asUnavailable(error: unknown): unknown {
  if (error instanceof LiveError) return error;
  if (error instanceof JetStreamApiError && error.status < 500) return error;
  return unavailable("NATS", error);
}
