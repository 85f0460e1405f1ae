// `Expect: 100-continue`: the client waits before it sends the body. It gets 100 once a handler
// reads the body, and no 100 if the request fails before.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

const waiting = new WeakSet<FastifyRequest["raw"]>();

/** Marks a request whose client waits for 100 before it sends the body. */
export function holdContinue(request: IncomingMessage, response: ServerResponse): void {
  waiting.add(request);
  // Without 100, the client may or may not send the body (RFC 9110, section 10.1.1), so the
  // connection cannot be reused.
  if (request.httpVersionMajor < 2) response.setHeader("connection", "close");
}

/** Whether the client still waits for 100. */
export function isContinueHeld(request: FastifyRequest["raw"]): boolean {
  return waiting.has(request);
}

/** Sends 100 if the client waits for it. Call it before reading the body. */
export function sendContinue(request: FastifyRequest, reply: FastifyReply): void {
  if (!waiting.delete(request.raw)) return;
  if (request.raw.httpVersionMajor < 2) reply.raw.removeHeader("connection");
  reply.raw.writeContinue();
}
