import { trimmed } from "../error.ts";
import type { Entry } from "../live.ts";
import { bytesOfEntry, type Log, lastOf, maxPageBytes } from "../log.ts";
import { followPages } from "../wakes.ts";
import type { Database, Queryable } from "./database.ts";
import { Listener } from "./listener.ts";
import { channel, liveSchema } from "./schema.ts";

interface Row {
  readonly position: string;
  readonly time: string;
  readonly data: Uint8Array;
}

// Positions are text, since pg and PGlite return int8 in different types.
const readPage = `
SELECT position::text, (extract(epoch FROM time) * 1000)::text AS time, data FROM (
  SELECT *, sum(octet_length(data)) OVER (ORDER BY position) - octet_length(data) AS before FROM (
    SELECT position, time, data FROM live_entries WHERE topic = $1 AND position > $2::bigint ORDER BY position LIMIT $3::int
  ) AS page
) AS sized WHERE before < $4::bigint ORDER BY sized.position`;

const readBounds = `
SELECT last::text AS end, coalesce(
  (SELECT position - 1 FROM live_entries WHERE topic = $1 ORDER BY position LIMIT 1), last
)::text AS start FROM live_topics WHERE topic = $1`;

// Times ascend with positions, so that this reads only the entries that are not older.
const readBefore = `
SELECT coalesce(
  (SELECT position FROM live_entries WHERE topic = $1 AND time < $2::timestamptz ORDER BY position DESC LIMIT 1),
  (SELECT position - 1 FROM live_entries WHERE topic = $1 ORDER BY position LIMIT 1),
  (SELECT last FROM live_topics WHERE topic = $1),
  0
)::text AS position`;

export class PostgresLog implements Log {
  readonly bytesOf = bytesOfEntry;
  readonly #database: Database;
  readonly #pollMs: number;
  readonly #createSchema: boolean;
  readonly #listener: Listener;
  #schema: Promise<void> | undefined;

  constructor(database: Database, options: { readonly pollMs: number; readonly createSchema: boolean }) {
    this.#database = database;
    this.#pollMs = options.pollMs;
    this.#createSchema = options.createSchema;
    this.#listener = new Listener(database, channel);
  }

  async append(topic: string, data: Uint8Array, id: string | undefined): Promise<bigint> {
    await this.#ensureSchema();
    return publishWith(this.#database, topic, data, id);
  }

  async read(topic: string, after: bigint, limit: number): Promise<readonly Entry[]> {
    await this.#ensureSchema();
    const page = await this.#page(topic, after, limit);
    const first = page[0];
    if (first !== undefined && first.position !== after + 1n) throw trimmed(topic, after);
    // An empty page is the end, unless what follows was deleted.
    if (first === undefined && after < (await this.bounds(topic)).start) throw trimmed(topic, after);
    return page;
  }

  async bounds(topic: string): Promise<{ start: bigint; end: bigint }> {
    await this.#ensureSchema();
    const { rows } = await this.#database.query(readBounds, [topic]);
    const row = rows[0] as { start: string; end: string } | undefined;
    return { start: BigInt(row?.start ?? 0), end: BigInt(row?.end ?? 0) };
  }

  async before(topic: string, time: Date): Promise<bigint> {
    await this.#ensureSchema();
    const { rows } = await this.#database.query(readBefore, [topic, time.toISOString()]);
    return BigInt((rows[0] as { position: string }).position);
  }

  async beforeLast(topic: string, count: number): Promise<bigint> {
    return lastOf(await this.bounds(topic), count);
  }

  async trim(topic: string, upTo: bigint): Promise<void> {
    await this.#ensureSchema();
    await this.#database.query("DELETE FROM live_entries WHERE topic = $1 AND position <= $2::bigint", [topic, `${upTo}`]);
  }

  follow(topic: string, after: bigint, signal: AbortSignal): AsyncGenerator<readonly Entry[]> {
    const options = { read: this.read.bind(this), wakes: this.#listener, pollMs: this.#pollMs };
    return followPages<Entry>(options, topic, after, signal);
  }

  async ready(): Promise<void> {
    await this.#ensureSchema();
    await this.#database.query("SELECT 1", []);
  }

  async close(): Promise<void> {
    await this.#listener.close();
    await this.#database.close();
  }

  async #page(topic: string, after: bigint, limit: number): Promise<readonly Entry[]> {
    const { rows } = await this.#database.query(readPage, [topic, `${after}`, limit, `${maxPageBytes}`]);
    return (rows as Row[]).map(entryOf);
  }

  /** Creates the schema with the first call that reaches the server. */
  #ensureSchema(): Promise<void> {
    this.#schema ??= (this.#createSchema ? this.#database.script(liveSchema) : Promise.resolve()).catch((error: unknown) => {
      this.#schema = undefined;
      throw error;
    });
    return this.#schema;
  }
}

// A copy: the row is a part of what the socket has read, which the window would keep.
const entryOf = ({ position, time, data }: Row): Entry => ({
  position: BigInt(position),
  time: new Date(Number(time)),
  data: new Uint8Array(data),
});

export async function publishWith(queryable: Queryable, topic: string, data: Uint8Array, id: string | undefined): Promise<bigint> {
  const { rows } = await queryable.query("SELECT live_publish($1, $2, $3)::text AS position", [topic, data, id ?? null]);
  return BigInt((rows[0] as { position: string }).position);
}
