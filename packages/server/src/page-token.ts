// Page tokens (https://google.aip.dev/158): opaque to a client, and bound to the scope of the first
// page, such as a filter.
import { createHash } from "node:crypto";

/** @param position of the last item of the page. */
export function formatPageToken(position: bigint, scope: string): string {
  return Buffer.from(`${position}.${digest(scope)}`).toString("base64url");
}

/** Returns the position, or `undefined` if the token is malformed or belongs to another scope. */
export function parsePageToken(token: string, scope: string): bigint | undefined {
  const [, position = "", hash] = /^(\d{1,18})\.(.+)$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  const valid = hash === digest(scope) && formatPageToken(BigInt(position), scope) === token;
  return valid ? BigInt(position) : undefined;
}

function digest(scope: string): string {
  return createHash("sha256").update(scope.trim()).digest("base64url").slice(0, 16);
}
