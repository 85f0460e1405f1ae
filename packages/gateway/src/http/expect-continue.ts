// `Expect: 100-continue`: the client waits before it sends a body. It is told to go on once the body is wanted, and not before a refusal.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

const waiting = new WeakSet<FastifyRequest["raw"]>();

/** The client of a request waits until its body is read. */
export function holdContinue(request: IncomingMessage, response: ServerResponse): void {
  waiting.add(request);
  // Whether the body follows a response that comes first, nobody can know (RFC 9110, section 10.1.1).
  if (request.httpVersionMajor < 2) response.setHeader("connection", "close");
}

/** Whether the client still waits. */
export function isContinueHeld(request: FastifyRequest["raw"]): boolean {
  return waiting.has(request);
}

/** The body is about to be read. */
export function sendContinue(request: FastifyRequest, reply: FastifyReply): void {
  if (!waiting.delete(request.raw)) return;
  if (request.raw.httpVersionMajor < 2) reply.raw.removeHeader("connection");
  reply.raw.writeContinue();
}
