// The requests of a call, from the body of an HTTP request.

import type { Readable } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import type { FastifyRequest } from "fastify";
import type { HttpExchange } from "../exchange.ts";
import { encodingOf, jsonKind, readBody, readLines, readParts, textOf, tooLarge } from "../http/body.ts";
import { HttpError } from "../http/errors.ts";
import { isContinueHeld, sendContinue } from "../http/expect-continue.ts";
import { inflate } from "../http/inflate.ts";
import { readElements } from "../http/json-array.ts";
import type { Route } from "../route.ts";

/** A request's body, unless it has none. Of HTTP/2, Fastify takes only those for bodies that have a type or a length, which they need not. */
function bodyOf({ body, raw }: FastifyRequest): Readable | undefined {
  if (body !== undefined) return body as Readable;
  const { stream } = raw as { stream?: { readonly endAfterHeaders: boolean } };
  return stream === undefined || stream.endAfterHeaders ? undefined : raw;
}

/** The one request of a call. @throws HttpError, RpcError INVALID_ARGUMENT */
export function bindBody(exchange: HttpExchange, { binder }: Route): Message | Promise<Message> {
  const { parts, request } = exchange;
  const body = bodyOf(request);
  if (binder.body === "none" || body === undefined) return binder.bind(parts);
  return bindWhole(exchange, binder, body);
}

async function bindWhole(exchange: HttpExchange, binder: Route["binder"], body: Readable): Promise<Message> {
  const { parts, request, settings } = exchange;
  const { "content-type": contentType, "content-length": length } = request.headers;
  if (binder.body === "json" && (await isEmpty(exchange, body))) return binder.bind(parts);
  if (binder.body === "json") jsonKind(request.headers, false);
  if (Number(length) > settings.bodyLimit) throw tooLarge("the body", settings.bodyLimit);
  const bytes = await readBody(content(exchange, body), settings);
  if (binder.body === "json") return binder.bind(parts, textOf(bytes));
  return binder.bind(parts, { contentType: contentType ?? "", data: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
}

/**
 * The requests of a stream: one a line, or an element of an array each; a `google.api.HttpBody`, as its parts come. What a body cannot be is refused
 * before the call begins.
 *
 * @throws HttpError
 */
export async function bindStream(exchange: HttpExchange, { binder }: Route): Promise<AsyncIterable<Message> | Iterable<Message>> {
  const { parts, request, settings } = exchange;
  const body = bodyOf(request);
  // Nothing but the URL: that is one request.
  if (binder.body === "none" || body === undefined) return [binder.bind(parts)];
  if (binder.body === "raw") {
    const { "content-type": contentType = "" } = request.headers;
    return bindParts(readParts(content(exchange, body), settings), (data) =>
      binder.bind(parts, { contentType, data: new Uint8Array(data) }),
    );
  }
  if (await isEmpty(exchange, body)) return [];
  const kind = jsonKind(request.headers, true);
  const bytes = readParts(content(exchange, body), settings);
  return bindMessages(bytes, kind === "json", settings.bodyLimit, (text) => binder.bind(parts, text));
}

/** A body as it is meant, and as it may come from now on. @throws HttpError 415 */
function content({ request, reply }: HttpExchange, body: Readable): Readable {
  const encoding = encodingOf(request.headers);
  sendContinue(request, reply);
  return encoding === "gzip" ? inflate(body) : body;
}

/**
 * Whether a body without a content type has no bytes either, as a POST may. Otherwise it is not taken for JSON: pages of other sites may send what has no
 * type without being asked for permission.
 *
 * @throws HttpError 415, 408
 */
async function isEmpty({ request: { headers, raw }, settings }: HttpExchange, body: Readable): Promise<boolean> {
  if (headers["content-type"] !== undefined) return false;
  if (headers["content-length"] === "0") return true;
  if (headers["content-length"] !== undefined || isContinueHeld(raw)) return jsonKind(headers, false) !== undefined;
  try {
    await readBody(body, { ...settings, bodyLimit: 0 });
    return true;
  } catch (error) {
    if (error instanceof HttpError && error.status === 413) jsonKind(headers, false);
    throw error;
  }
}

async function* bindParts(parts: AsyncIterable<Buffer>, bind: (part: Buffer) => Message): AsyncGenerator<Message, void, undefined> {
  for await (const part of parts) yield bind(part);
}

/** @param json not lines: it may be an array. */
async function* bindMessages(
  parts: AsyncGenerator<Buffer, void, undefined>,
  json: boolean,
  limit: number,
  bind: (text: string) => Message,
): AsyncGenerator<Message, void, undefined> {
  const { first, all } = json ? await peek(parts) : { first: undefined, all: parts };
  const isArray = first === "[";
  let number = 0;
  for await (const text of isArray ? readElements(all, limit) : readLines(all, limit)) {
    number++;
    try {
      yield bind(text);
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== Code.INVALID_ARGUMENT) throw error;
      const { code, message, details } = error;
      throw new RpcError(code, `${isArray ? "element" : "line"} ${number}: ${message}`, { details });
    }
  }
}

/** The first character of a text that is not white space, and all of the text. */
async function peek(parts: AsyncGenerator<Buffer, void, undefined>): Promise<{ first: string | undefined; all: AsyncIterable<Buffer> }> {
  const read: Buffer[] = [];
  let first: string | undefined;
  while (first === undefined) {
    const { value, done } = await parts.next();
    if (done) break;
    // What has white space alone means nothing.
    first = /[^ \t\r\n]/.exec(value.toString("latin1"))?.[0];
    if (first !== undefined) read.push(value);
  }
  return { first, all: chain(read, parts) };
}

async function* chain(read: readonly Buffer[], parts: AsyncGenerator<Buffer, void, undefined>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* read;
    yield* parts;
  } finally {
    await parts.return();
  }
}
