// Sends JSON that has been serialized already.
import type { FastifyReply } from "fastify";

const asIs = (text: unknown) => text as string;

/**
 * Sends text as `application/json`, so that headers and body go out in one write. With a
 * serializer, Fastify does not add a charset to the content type; JSON has none (RFC 8259, section
 * 11).
 */
export function sendJson(reply: FastifyReply, text: string): void {
  reply.header("content-type", "application/json").serializer(asIs).send(text);
}
