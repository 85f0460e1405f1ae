import { trimmed } from "../error.ts";
import type { Entry } from "../live.ts";
import { bytesOfEntry, type Log, lastOf, maxPageBytes } from "../log.ts";

interface Topic {
  /** The position before the oldest entry. Positions of a topic have no gaps. */
  start: bigint;
  entries: { readonly entry: Entry; readonly id: string | undefined }[];
  readonly positions: Map<string, bigint>;
  readonly waiting: Set<() => void>;
  followers: number;
}

export class MemoryLog implements Log {
  readonly bytesOf = bytesOfEntry;
  readonly #topics = new Map<string, Topic>();
  readonly #maxEntries: number;
  readonly #maxTopics: number;
  /** Where topics begin. Positions of topics that the log no longer has are below. */
  #base = BigInt(Date.now()) * 1000n;

  constructor(maxEntries: number, maxTopics: number) {
    this.#maxEntries = maxEntries;
    this.#maxTopics = maxTopics;
  }

  async append(name: string, data: Uint8Array, id: string | undefined): Promise<bigint> {
    const topic = this.#topic(name);
    if (topic.entries.length === 0 && this.#topics.size > this.#maxTopics) this.#dropTopic(name);
    const known = id === undefined ? undefined : topic.positions.get(id);
    if (known !== undefined) return known;
    const position = this.#end(topic) + 1n;
    topic.entries.push({ entry: { position, time: new Date(), data: Uint8Array.from(data) }, id });
    if (id !== undefined) topic.positions.set(id, position);
    // Dropping half of the surplus at once keeps the cost of an entry constant.
    if (topic.entries.length >= this.#maxEntries * 1.5) this.#drop(topic, topic.entries.length - this.#maxEntries);
    // The topics are in the order of their newest entry.
    this.#topics.delete(name);
    this.#topics.set(name, topic);
    for (const wake of [...topic.waiting]) wake();
    return position;
  }

  async read(name: string, after: bigint, limit: number): Promise<readonly Entry[]> {
    const topic = this.#topics.get(name);
    if (topic === undefined) {
      if (after < this.#base) throw trimmed(name, after);
      return [];
    }
    if (after < topic.start) throw trimmed(name, after);
    const first = Number(after - topic.start);
    const page: Entry[] = [];
    let bytes = 0;
    for (const { entry } of topic.entries.slice(first, first + limit)) {
      bytes += entry.data.length;
      if (page.length > 0 && bytes > maxPageBytes) break;
      page.push(entry);
    }
    return page;
  }

  async bounds(name: string): Promise<{ start: bigint; end: bigint }> {
    const topic = this.#topics.get(name);
    if (topic === undefined) return { start: this.#base, end: this.#base };
    return { start: topic.start, end: this.#end(topic) };
  }

  async before(name: string, time: Date): Promise<bigint> {
    const topic = this.#topics.get(name);
    if (topic === undefined) return this.#base;
    const older = topic.entries.findLastIndex(({ entry }) => entry.time < time);
    return topic.start + BigInt(older + 1);
  }

  async beforeLast(name: string, count: number): Promise<bigint> {
    return lastOf(await this.bounds(name), count);
  }

  async trim(name: string, upTo: bigint): Promise<void> {
    const topic = this.#topics.get(name);
    if (topic === undefined || upTo <= topic.start) return;
    const end = this.#end(topic);
    this.#drop(topic, Number((upTo < end ? upTo : end) - topic.start));
  }

  async *follow(name: string, after: bigint, signal: AbortSignal): AsyncGenerator<readonly Entry[]> {
    let position = after;
    const topic = this.#topic(name);
    topic.followers++;
    try {
      while (!signal.aborted) {
        const page = await this.read(name, position, 256);
        position = page.at(-1)?.position ?? position;
        if (page.length > 0) yield page;
        else await this.#changed(topic, position, signal);
      }
    } finally {
      topic.followers--;
      // Reading alone creates no topic.
      const unused = topic.followers === 0 && topic.entries.length === 0 && topic.start <= this.#base;
      if (unused && this.#topics.get(name) === topic) this.#topics.delete(name);
    }
  }

  async ready(): Promise<void> {}

  async close(): Promise<void> {
    this.#topics.clear();
  }

  #end(topic: Topic): bigint {
    return topic.start + BigInt(topic.entries.length);
  }

  #topic(name: string): Topic {
    const existing = this.#topics.get(name);
    if (existing !== undefined) return existing;
    const created: Topic = { start: this.#base, entries: [], positions: new Map(), waiting: new Set(), followers: 0 };
    this.#topics.set(name, created);
    return created;
  }

  #dropTopic(except: string): void {
    for (const [name, topic] of this.#topics) {
      if (name === except || topic.followers > 0) continue;
      this.#topics.delete(name);
      const end = this.#end(topic);
      if (end > this.#base) this.#base = end;
      return;
    }
  }

  #drop(topic: Topic, count: number): void {
    for (const { id } of topic.entries.splice(0, count)) if (id !== undefined) topic.positions.delete(id);
    topic.start += BigInt(count);
  }

  #changed(topic: Topic, position: bigint, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#end(topic) > position) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        topic.waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      topic.waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }
}
