// Whether a response that is closed was closed by its client.
import type { FastifyReply } from "fastify";

/** For the `close` of a response. HTTP/2's ends by itself when its stream is reset, and so seems to be finished. */
export function clientLeft(raw: FastifyReply["raw"]): boolean {
  const { stream } = raw as { stream?: { readonly aborted: boolean } };
  return !raw.writableFinished || stream?.aborted === true;
}

/** Whether a response can no longer be sent; then it has been closed, or is about to be. */
export function isGone(raw: FastifyReply["raw"]): boolean {
  const { stream } = raw as { stream?: { readonly destroyed: boolean } };
  return (stream ?? raw).destroyed;
}
