// The process-wide pool: channels with equal targets and options share their connections.
import { createHash } from "node:crypto";
import { SharedChannel, type SharedSettings } from "./shared-channel.ts";

interface Entry {
  readonly channel: SharedChannel;
  users: number;
}

const entries = new Map<string, Entry>();

/**
 * Returns the shared channel for a key, and creates it if necessary. Each call must be paired with
 * a call of `release`.
 */
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

/**
 * Returns a key that is equal for equal values. It compares bytes by content and functions by
 * identity. The key is a digest, since the values include private keys and passwords.
 */
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
