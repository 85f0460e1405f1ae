// Who is in the rooms. Each process that serves streams of a room publishes a beat, in a topic of its
// own: the users whom it serves, at each change and every few seconds. A process that ends publishes a
// last one; one that crashes is gone after some beats of the others. The only clock is that of the
// log: without the log, nobody seems to come or go.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Entry, type Live, LiveError, type Subscription } from "@grpc-study/live";
import { Code, RpcError } from "@grpc-study/rpc";
import type { Logger } from "pino";

export interface PresenceOptions {
  /** Milliseconds between two beats. Default: 5,000. */
  readonly beatMs?: number;
}

/** Beats without which a process counts as crashed. */
const missedBeats = 3;
/** By how much the clock of the log may be behind that of a process that reads beats, and publishes none. */
const clockSkewMs = 60_000;
/** Beats after which the older ones are deleted. */
const keptBeats = 12;
/** The users of one process in a room: they fit into an entry of the log. */
const mostUsers = 1000;
const pageSize = 1000;

interface Beat {
  /** Of one stay of a process in a room: a process that returns has another one. */
  readonly id: string;
  /** `undefined` in the last beat. */
  readonly users?: readonly string[];
}

/** A stream in a room. */
export interface Visit {
  /** The users in the room, by name. */
  readonly users: readonly string[];
  /** Increases with each change of `users`. */
  readonly version: number;
  /** Calls the listener after each change, until the visit ends. */
  onChange(listener: () => void): void;
  leave(): void;
}

export class Presence {
  readonly #rooms = new Map<string, Room>();
  readonly #beatMs: number;
  readonly #log: Logger;

  constructor(log: Logger, { beatMs = 5000 }: PresenceOptions = {}) {
    this.#log = log;
    this.#beatMs = beatMs;
  }

  /**
   * The users in a room, by name. Publishes nothing. If this process is not in the room, it has no beat
   * of its own to compare with, and sees users of processes that have crashed for a minute longer.
   *
   * @throws LiveError
   */
  async users(live: Live, name: string): Promise<readonly string[]> {
    if (this.#rooms.has(name)) {
      const visit = await this.enter(live, name, undefined);
      visit.leave();
      return visit.users;
    }
    const topic = topicOf(name);
    const beats = new Map<string, { readonly users: readonly string[]; readonly time: number }>();
    let now = Date.now() - clockSkewMs;
    let page = await live.read(topic, { limit: pageSize });
    for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
      for (const entry of page) {
        const beat = parseBeat(entry, topic, this.#log);
        const time = entry.time.getTime();
        now = Math.max(now, time);
        if (beat?.users !== undefined) beats.set(beat.id, { users: beat.users, time });
        else if (beat !== undefined) beats.delete(beat.id);
      }
      page = await live.read(topic, { limit: pageSize, after: last.position });
    }
    const present = [...beats.values()].filter(({ time }) => now - time <= missedBeats * this.#beatMs);
    return [...new Set(present.flatMap(({ users }) => users))].sort();
  }

  /**
   * Enters a room, as a user or unseen. Resolves once the other users are known.
   *
   * @throws LiveError, RpcError RESOURCE_EXHAUSTED if the room is full
   */
  async enter(live: Live, name: string, user: string | undefined): Promise<Visit> {
    let room = this.#rooms.get(name);
    if (room === undefined) {
      const opened = new Room(live, topicOf(name), this.#beatMs, this.#log, () => {
        if (this.#rooms.get(name) === opened) this.#rooms.delete(name);
      });
      room = opened;
      this.#rooms.set(name, room);
    }
    const visit = room.enter(user);
    try {
      await room.ready();
    } catch (error) {
      visit.leave();
      throw error;
    }
    return visit;
  }
}

const topicOf = (room: string) => `members/${room}`;

/** Returns `undefined` for an entry that others have put into the log, and that is no beat. */
function parseBeat({ data, position }: Entry, topic: string, log: Logger): Beat | undefined {
  try {
    const beat: unknown = JSON.parse(Buffer.from(data).toString());
    if (isBeat(beat)) return beat;
  } catch {
    // No JSON.
  }
  log.warn({ live: topic, position: `${position}` }, "an entry of the live log is no beat, and is skipped");
  return undefined;
}

function isBeat(value: unknown): value is Beat {
  if (typeof value !== "object" || value === null || !("id" in value) || typeof value.id !== "string") return false;
  if (!("users" in value)) return true;
  return Array.isArray(value.users) && value.users.every((user) => typeof user === "string");
}

/** A room, for as long as this process has streams in it. */
class Room {
  readonly #live: Live;
  readonly #topic: string;
  readonly #beatMs: number;
  readonly #log: Logger;
  readonly #onEmpty: () => void;
  readonly #id = randomUUID();
  readonly #end = new AbortController();
  readonly #listeners = new Set<() => void>();
  /** The users of this process, with the number of their streams. */
  readonly #own = new Map<string, number>();
  readonly #others = new Map<string, { readonly users: readonly string[]; readonly time: number }>();
  #visits = 0;
  #version = 0;
  #users: readonly string[] | undefined;
  #beats = 0;
  /** The time of the last beat of this process, and the time since when none was missed. */
  #lastBeat: number | undefined;
  #regularSince = Number.NEGATIVE_INFINITY;
  /** Up to this position, beats are deleted when the time has come. */
  #old: bigint | undefined;
  #ready: Promise<void> | undefined;
  /** Whether the users have changed since the last beat. */
  #dirty = false;
  #wake = () => {};
  #published: Promise<bigint> = Promise.resolve(0n);

  constructor(live: Live, topic: string, beatMs: number, log: Logger, onEmpty: () => void) {
    this.#live = live;
    this.#topic = topic;
    this.#beatMs = beatMs;
    this.#log = log;
    this.#onEmpty = onEmpty;
  }

  /** Resolves once the beats of the other processes are known. Call it after `enter`. */
  ready(): Promise<void> {
    this.#ready ??= this.#start();
    return this.#ready;
  }

  enter(user: string | undefined): Visit {
    if (user !== undefined && !this.#own.has(user) && this.#own.size >= mostUsers) {
      throw new RpcError(Code.RESOURCE_EXHAUSTED, `this process already serves ${mostUsers} users in the room`);
    }
    this.#visits++;
    this.#count(user, 1);
    let listener: (() => void) | undefined;
    let inside = true;
    const room = this;
    return {
      get users() {
        return room.#allUsers();
      },
      get version() {
        return room.#version;
      },
      onChange(added) {
        listener = added;
        room.#listeners.add(added);
      },
      leave() {
        if (!inside) return;
        inside = false;
        if (listener !== undefined) room.#listeners.delete(listener);
        room.#count(user, -1);
        if (--room.#visits === 0) room.#stop();
      },
    };
  }

  #count(user: string | undefined, change: 1 | -1): void {
    if (user === undefined) return;
    const count = (this.#own.get(user) ?? 0) + change;
    if (count === 0) this.#own.delete(user);
    else this.#own.set(user, count);
    // A further stream of a user changes nothing.
    if (count === 0 || (count === 1 && change === 1)) {
      this.#dirty = true;
      this.#changed();
      this.#wake();
    }
  }

  #changed(): void {
    this.#users = undefined;
    this.#version++;
    for (const listener of this.#listeners) listener();
  }

  #allUsers(): readonly string[] {
    this.#users ??= [...new Set([...this.#own.keys(), ...[...this.#others.values()].flatMap(({ users }) => users)])].sort();
    return this.#users;
  }

  #stop(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#onEmpty();
    this.#publish({ id: this.#id }).catch(() => {});
  }

  async #start(): Promise<void> {
    const position = await this.#beat();
    let subscription = await this.#subscribe();
    const read: Entry[] = [];
    for await (const entry of subscription) {
      this.#read(entry);
      read.push(entry);
      if (entry.position >= position) break;
    }
    // Short stays leave their beats behind: nobody else deletes them.
    const now = read.at(-1)?.time.getTime() ?? 0;
    const old = read.findLast(({ time }) => now - time.getTime() > missedBeats * this.#beatMs);
    if (old !== undefined) this.#live.trim(this.#topic, old.position).catch(() => {});
    // The loop has closed it.
    subscription = await this.#subscribe(position);
    void this.#follow(subscription);
    void this.#keepBeating();
  }

  /** From the start by default: the topic has little more than the beats that count. */
  #subscribe(after?: bigint): Promise<Subscription> {
    return this.#live.subscribe(this.#topic, { from: after ?? "start", signal: this.#end.signal });
  }

  async #follow(subscription: Subscription): Promise<void> {
    let entries = subscription;
    while (!this.#end.signal.aborted) {
      try {
        for await (const entry of entries) this.#read(entry);
      } catch (error) {
        if (!(error instanceof LiveError) || error.reason === "closed") return;
      }
      // The beats are older than the log, or came too fast.
      const again = await this.#subscribe().catch(() => sleep(this.#beatMs));
      if (again !== undefined) entries = again;
    }
  }

  #read(entry: Entry): void {
    const beat = parseBeat(entry, this.#topic, this.#log);
    if (beat === undefined) return;
    const { id, users } = beat;
    const { time, position } = entry;
    if (id === this.#id) {
      this.#readOwn(time.getTime(), position);
      return;
    }
    const known = this.#others.get(id)?.users;
    if (users === undefined) this.#others.delete(id);
    else this.#others.set(id, { users, time: time.getTime() });
    if (users?.join() !== known?.join()) this.#changed();
  }

  /** Forgets processes that have crashed. While the log was away, nobody could publish beats. */
  #readOwn(time: number, position: bigint): void {
    if (this.#lastBeat !== undefined && time - this.#lastBeat > 2 * this.#beatMs) this.#regularSince = time;
    this.#lastBeat = time;
    for (const [id, { time: beat, users }] of this.#others) {
      if (time - Math.max(beat, this.#regularSince) <= missedBeats * this.#beatMs) continue;
      this.#others.delete(id);
      if (users.length > 0) this.#changed();
    }
    if (++this.#beats % keptBeats !== 0) return;
    const old = this.#old;
    this.#old = position;
    if (old !== undefined) this.#live.trim(this.#topic, old).catch(() => {});
  }

  async #keepBeating(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      if (!this.#dirty) await sleep(this.#beatMs, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#beat();
      } catch {
        this.#dirty = true;
        await sleep(this.#beatMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  #beat(): Promise<bigint> {
    this.#dirty = false;
    return this.#publish({ id: this.#id, users: [...this.#own.keys()] });
  }

  /** One after the other, so that the last beat is the last. */
  #publish(beat: Beat): Promise<bigint> {
    const publish = () => this.#live.publish(this.#topic, Buffer.from(JSON.stringify(beat)));
    this.#published = this.#published.then(publish, publish);
    return this.#published;
  }
}
