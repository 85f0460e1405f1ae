// The page tokens of ListOrders (https://google.aip.dev/158): opaque to a client, and bound to the
// filter of the first page.
import { createHash } from "node:crypto";

/** @param position of the last order of the page. */
export function formatPageToken(position: bigint, filter: string): string {
  return Buffer.from(`${position}.${digest(filter)}`).toString("base64url");
}

/** Returns the position, or `undefined` if the token is malformed or belongs to another filter. */
export function parsePageToken(token: string, filter: string): bigint | undefined {
  const [, position = "", hash] = /^(\d{1,18})\.(.+)$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  const valid = hash === digest(filter) && formatPageToken(BigInt(position), filter) === token;
  return valid ? BigInt(position) : undefined;
}

function digest(filter: string): string {
  return createHash("sha256").update(filter.trim()).digest("base64url").slice(0, 16);
}
