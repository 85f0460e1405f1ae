// The interface that all logs share.

/** What readers need of an entry. */
export interface Positioned {
  /** Ascends within the topic. */
  readonly position: bigint;
}

/** An entry of a topic. */
export interface Entry extends Positioned {
  /** Ascends within the topic. Positions of one topic may have gaps: NATS counts over all topics. */
  readonly position: bigint;
  /** When the log stored the entry. */
  readonly time: Date;
  readonly data: Uint8Array;
}

export interface PublishOptions {
  /**
   * Makes the call idempotent: if the topic has an entry with this id, nothing is published, and the
   * result is the position of that entry. 1 to 200 characters. NATS remembers ids for two minutes.
   */
  readonly id?: string;
}

export interface SubscribeOptions {
  /**
   * A position continues after its entry, `start` begins with the oldest entry that the log has,
   * `end` with the first entry that is published after `subscribe` resolves, a time with the first
   * entry that was stored then or later, and `{ last }` with so many of the newest entries, 0 to
   * 10,000. Default: `end`.
   */
  readonly from?: bigint | Date | "end" | "start" | { readonly last: number };
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /**
   * How many entries a reader that has reached the end may fall behind, before its iteration fails
   * with `behind`. A reader that catches up with older entries is not limited. Default: 10,000.
   */
  readonly maxBehind?: number;
}

/** Iterates over a topic. */
export interface Subscription<E extends Positioned = Entry> extends AsyncIterableIterator<E, undefined, undefined> {
  /** The position of the last entry that the iteration returned; before the first, where it begins. */
  readonly position: bigint;
  return(): Promise<IteratorReturnResult<undefined>>;
}

export interface ReadOptions {
  /** Reads the entries after this position, or those stored at this time or later. Default: all. */
  readonly after?: bigint | Date;
  /** The greatest number of entries, from 1 to 1,000. Default: 100. */
  readonly limit?: number;
}

/**
 * An append-only log of entries by topic. A topic is a text of 1 to 200 characters and exists once it
 * has an entry; an entry has at most 256 KiB.
 *
 * Each reader sees the entries of a topic in order, without gaps and without duplicates, in every
 * process that shares the log. A subscription survives an outage of the log's server: it waits, and
 * continues after its position. A reader that is slow costs no memory of its own: readers of one
 * process share a bounded window of recent entries for each topic, and read what is older from the log.
 */
export interface Live {
  /**
   * Appends an entry, and returns its position once the entry is stored.
   *
   * @throws LiveError `unavailable`, `closed`
   */
  publish(topic: string, data: Uint8Array, options?: PublishOptions): Promise<bigint>;
  /**
   * Resolves once the subscription would see each entry that is published from now on.
   *
   * @throws LiveError `trimmed` or `ahead` for a position that the log cannot continue from,
   * `unavailable`, `closed`. The iteration itself throws `behind`, `trimmed` and `closed`.
   */
  subscribe(topic: string, options?: SubscribeOptions): Promise<Subscription>;
  /**
   * Reads a page of entries. A page also ends after about 1 MiB, so only an empty page says that the
   * topic has no more entries.
   *
   * @throws LiveError `trimmed`, `unavailable`, `closed`
   */
  read(topic: string, options?: ReadOptions): Promise<readonly Entry[]>;
  /**
   * Deletes the entries up to a position. Readers that still need one fail with `trimmed`.
   *
   * @throws LiveError `unavailable`, `closed`
   */
  trim(topic: string, upTo: bigint): Promise<void>;
  /** Resolves if the log's server answers. @throws LiveError `unavailable`, `closed` */
  ready(): Promise<void>;
  /** Fails all subscriptions with `closed`, and closes the connections that the log opened. */
  close(): Promise<void>;
}
