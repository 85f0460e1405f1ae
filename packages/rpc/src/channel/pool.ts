// The process's pool: channels of the same target and options share their connections.
import { createHash } from "node:crypto";
import { SharedChannel, type SharedSettings } from "./shared-channel.ts";

interface Entry {
  readonly channel: SharedChannel;
  users: number;
}

const entries = new Map<string, Entry>();

/** Returns what channels with this key share. `settings` is called if there is none. Each use is given back by `release`. */
export function share(key: string, settings: () => SharedSettings): SharedChannel {
  let entry = entries.get(key);
  if (entry === undefined) {
    entry = { channel: new SharedChannel(settings()), users: 0 };
    entries.set(key, entry);
  }
  entry.users++;
  return entry.channel;
}

export function release(key: string): void {
  const entry = entries.get(key);
  if (entry === undefined || --entry.users > 0) return;
  entries.delete(key);
  entry.channel.close();
}

const functionIds = new WeakMap<object, number>();
let lastId = 0;

/** A text that is equal for equal values: bytes by their content, functions by their identity. A digest, since there are keys and passwords among them. */
export function keyOf(value: unknown): string {
  return createHash("sha256").update(textOf(value)).digest("base64");
}

function textOf(value: unknown): string {
  if (typeof value === "function") {
    const id = functionIds.get(value) ?? ++lastId;
    functionIds.set(value, id);
    return `f${id}`;
  }
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("latin1"));
  if (typeof value === "number" || value === undefined) return String(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const given = Object.entries(value).filter(([, each]) => each !== undefined);
  given.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${given.map(([name, each]) => `${name}:${textOf(each)}`).join()}}`;
}
