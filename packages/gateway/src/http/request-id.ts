// The id of a request, for logs and for the upstream.
import { randomUUID } from "node:crypto";
import type { RequestHeaders } from "./message.ts";

/** The request's `x-request-id` if it is valid, or a generated one. */
export function requestIdFrom({ "x-request-id": id }: RequestHeaders): string {
  return isRequestId(id) ? id : randomUUID();
}

export function isRequestId(id: string | undefined): id is string {
  return id !== undefined && /^[\x21-\x7e]{1,128}$/.test(id);
}
