import { Buffer } from "node:buffer";

export const maxEntryBytes = 256 * 1024;

export function checkTopic(topic: string): void {
  checkText("topic", topic);
}

export function checkEntry(data: Uint8Array, id: string | undefined): void {
  if (!(data instanceof Uint8Array)) throw new TypeError(`data must be a Uint8Array, got ${typeof data}`);
  if (data.length > maxEntryBytes) throw new RangeError(`data must have at most ${maxEntryBytes} bytes, got ${data.length}`);
  if (id !== undefined) checkText("id", id);
}

export function checkFrom(from: unknown): void {
  if (from === "start" || from === "end") return;
  if (from instanceof Date) checkTime("from", from);
  else if (isLast(from)) checkLast(from.last);
  else if (typeof from === "bigint") checkPosition("from", from);
  else throw new TypeError(`from must be a bigint, a Date, "start", "end" or { last }, got ${String(from)}`);
}

/** `{ last }` of SubscribeOptions. */
export function isLast(from: unknown): from is { readonly last: number } {
  return typeof from === "object" && from !== null && "last" in from;
}

function checkLast(last: number): void {
  if (Number.isInteger(last) && last >= 0 && last <= 10_000) return;
  throw new RangeError(`from.last must be an integer from 0 to 10000, got ${last}`);
}

export function checkPosition(name: string, position: bigint): void {
  if (typeof position !== "bigint") throw new TypeError(`${name} must be a bigint, got ${typeof position}`);
  if (position < 0n || position > 2n ** 63n - 1n) throw new RangeError(`${name} must be from 0 to 2^63 - 1, got ${position}`);
}

/** The years 1 to 9999, which all logs can store. */
export function checkTime(name: string, time: Date): void {
  const ms = time.getTime();
  if (ms >= -62_135_596_800_000 && ms < 253_402_300_800_000) return;
  throw new RangeError(`${name} must be a time from the year 1 to 9999, got ${String(time)}`);
}

export function checkCount(name: string, count: number, most: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= most) return;
  throw new RangeError(`${name} must be an integer from 1 to ${most}, got ${count}`);
}

/** PostgreSQL stores no U+0000, and neither UTF-8 nor PostgreSQL has lone surrogates. */
function checkText(name: string, text: string): void {
  if (typeof text !== "string") throw new TypeError(`${name} must be a string, got ${typeof text}`);
  if (text.length < 1 || text.length > 200) throw new RangeError(`${name} must be 1 to 200 characters long, got ${text.length}`);
  if (text.includes("\0") || Buffer.from(text).toString() !== text) {
    throw new RangeError(`${name} must be valid Unicode without U+0000, got ${JSON.stringify(text)}`);
  }
}
