// Reads the only request of a call from an HTTP request body.
import type { Readable } from "node:stream";
import { Code, RpcError } from "@grpc-study/rpc";
import { type BodyLimits, readBody } from "../http/body.ts";
import { HttpError } from "../http/errors.ts";
import type { HttpRequest } from "../http/message.ts";
import { EnvelopeReader, messageTooLarge, prefixBytes } from "./envelope.ts";
import type { RequestDecoder } from "./request-messages.ts";

const empty = Buffer.alloc(0);

/**
 * Reads a whole body.
 *
 * @throws RpcError RESOURCE_EXHAUSTED (too large), DEADLINE_EXCEEDED (too slow) or CANCELLED (aborted).
 */
export function readWhole({ body, headers }: HttpRequest, limits: BodyLimits): Buffer | Promise<Buffer> {
  if (body === undefined) return empty;
  if (Number(headers["content-length"]) > limits.bodyLimit) throw messageTooLarge(limits.bodyLimit);
  return readBody(body, limits);
}

/**
 * Reads a body that has one envelope.
 *
 * @throws RpcError as `readWhole`, UNIMPLEMENTED without a message or with several, INVALID_ARGUMENT for
 *   an incomplete or malformed message.
 */
export async function readSingle<Message>(
  body: Readable | undefined,
  { text, decode }: RequestDecoder<Message>,
  limits: BodyLimits,
): Promise<Message> {
  const { bodyLimit } = limits;
  // Base64 takes four characters for three bytes.
  const size = text === undefined ? bodyLimit + prefixBytes : Math.ceil((bodyLimit + prefixBytes) / 3) * 4;
  const received = body === undefined ? empty : await readBody(body, { ...limits, bodyLimit: size }).catch(inWords(bodyLimit));
  const reader = new EnvelopeReader(bodyLimit);
  reader.push(text?.push(received) ?? received);
  text?.end();
  const bytes = reader.next();
  if (bytes === undefined && reader.inside) throw new RpcError(Code.INVALID_ARGUMENT, "the body ends within a message");
  if (bytes === undefined) throw new RpcError(Code.UNIMPLEMENTED, "the request has no message, and the method takes one");
  if (reader.unread > 0) throw new RpcError(Code.UNIMPLEMENTED, "the request has more than one message, and the method takes one");
  return decode(bytes, reader.flags);
}

/** Names the limit of a message instead of that of its body. */
function inWords(limit: number): (error: unknown) => never {
  return (error) => {
    throw error instanceof HttpError && error.code === Code.RESOURCE_EXHAUSTED ? messageTooLarge(limit) : error;
  };
}
