// How a response ended, across HTTP/1.1 and HTTP/2.
import type { FastifyReply } from "fastify";

/**
 * Whether the client aborted a closed response. Node also ends an HTTP/2 response normally when its
 * stream is reset.
 */
export function isAborted(raw: FastifyReply["raw"]): boolean {
  const { stream } = raw as { stream?: { readonly aborted: boolean } };
  return !raw.writableFinished || stream?.aborted === true;
}

/** Whether a response can no longer be sent: it is closed, or about to close. */
export function isDestroyed(raw: FastifyReply["raw"]): boolean {
  const { stream } = raw as { stream?: { readonly destroyed: boolean } };
  return (stream ?? raw).destroyed;
}
