// Reads the requests of a call from an HTTP request body.

import type { Readable } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import { type BodyLimits, encodingOf, jsonKind, readBody, readChunks, readLines, textOf, tooLarge } from "../http/body.ts";
import { afterFinalEnd } from "../http/body-end.ts";
import { HttpError } from "../http/errors.ts";
import { inflate } from "../http/inflate.ts";
import { readElements } from "../http/json-array.ts";
import type { HttpRequest } from "../http/message.ts";
import type { Route } from "../route.ts";
import { bindWith, requestCodec } from "./body-codecs.ts";
import type { RestExchange } from "./rest-exchange.ts";

/**
 * Binds the single request of a call.
 *
 * @throws HttpError as `readBody`, or 415 for an unsupported type or encoding. RpcError
 *   INVALID_ARGUMENT for an invalid message.
 */
export function bindBody(exchange: RestExchange, route: Route): Message | Promise<Message> {
  const { body } = exchange.request;
  const { binder } = route;
  if (binder.body === "none" || body === undefined) return binder.bind(exchange);
  return bindWhole(exchange, route, body);
}

async function bindWhole(exchange: RestExchange, route: Route, body: Readable): Promise<Message> {
  const { request, settings } = exchange;
  const { binder } = route;
  const { "content-type": contentType, "content-length": length } = request.headers;
  if (binder.body === "json" && (await isEmpty(exchange, body))) return binder.bind(exchange);
  const codec = binder.body === "json" ? requestCodec(settings.hooks, request.headers) : undefined;
  if (binder.body === "json" && codec === undefined) jsonKind(request.headers, false);
  if (Number(length) > settings.bodyLimit) throw tooLarge("the body", settings.bodyLimit);
  const bytes = await readBody(content(request, body), exchange.bodyLimits);
  if (codec !== undefined) return bindWith(codec, bytes, exchange, route);
  if (binder.body === "json") return binder.bind(exchange, textOf(bytes));
  return binder.bind(exchange, { contentType: contentType ?? "", data: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
}

/**
 * Binds a stream of requests: one for each line or array element, or for each chunk of a
 * `google.api.HttpBody`. A body of the wrong type is rejected before the call begins.
 *
 * @throws HttpError 415 for an unsupported content type or encoding.
 */
export async function bindStream(exchange: RestExchange, { binder }: Route): Promise<AsyncIterable<Message> | Iterable<Message>> {
  const { request, settings } = exchange;
  const { body } = request;
  // Without a body, the URL is one request.
  if (binder.body === "none" || body === undefined) return [binder.bind(exchange)];
  if (binder.body === "raw") {
    const { "content-type": contentType = "" } = request.headers;
    return bindChunks(chunksOf(request, body, settings), (data) => binder.bind(exchange, { contentType, data: new Uint8Array(data) }));
  }
  if (await isEmpty(exchange, body)) return [];
  const kind = jsonKind(request.headers, true);
  const bytes = chunksOf(request, body, settings);
  return bindMessages(bytes, kind === "json", settings.bodyLimit, (text) => binder.bind(exchange, text));
}

/**
 * The chunks of a decoded body with a stream of messages, whose end is final.
 *
 * @throws HttpError as `readChunks`, or 415 for an unsupported encoding.
 */
function chunksOf(request: HttpRequest, body: Readable, limits: BodyLimits): AsyncGenerator<Buffer, void, undefined> {
  return untilFinalEnd(request, readChunks(content(request, body), limits));
}

async function* untilFinalEnd(
  request: HttpRequest,
  chunks: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield* chunks;
  await new Promise<void>((resolve) => afterFinalEnd(request, resolve));
}

/**
 * The decoded body.
 *
 * @throws HttpError 415 for an unsupported encoding.
 */
function content({ headers }: HttpRequest, body: Readable): Readable {
  return encodingOf(headers) === "gzip" ? inflate(body) : body;
}

/**
 * Whether a body without a content type is empty, as it is for many POST requests. A body with
 * content but without a type is not read as JSON: other sites can send it without a CORS preflight.
 *
 * @throws HttpError 415 if it has content, 408 if it is too slow.
 */
async function isEmpty({ request: { headers, awaitsContinue }, bodyLimits }: RestExchange, body: Readable): Promise<boolean> {
  if (headers["content-type"] !== undefined) return false;
  if (headers["content-length"] === "0") return true;
  if (headers["content-length"] !== undefined || awaitsContinue) return jsonKind(headers, false) !== undefined;
  try {
    await readBody(body, { ...bodyLimits, bodyLimit: 0 });
    return true;
  } catch (error) {
    if (error instanceof HttpError && error.status === 413) jsonKind(headers, false);
    throw error;
  }
}

async function* bindChunks(chunks: AsyncIterable<Buffer>, bind: (chunk: Buffer) => Message): AsyncGenerator<Message, void, undefined> {
  for await (const chunk of chunks) yield bind(chunk);
}

/** @param json whether the body is JSON, which may be an array, rather than lines. */
async function* bindMessages(
  chunks: AsyncGenerator<Buffer, void, undefined>,
  json: boolean,
  limit: number,
  bind: (text: string) => Message,
): AsyncGenerator<Message, void, undefined> {
  const { first, all } = json ? await peek(chunks) : { first: undefined, all: chunks };
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

/** Reads up to the first character that is not white space. Returns it, and the whole text. */
async function peek(chunks: AsyncGenerator<Buffer, void, undefined>): Promise<{ first: string | undefined; all: AsyncIterable<Buffer> }> {
  const read: Buffer[] = [];
  let first: string | undefined;
  while (first === undefined) {
    const { value, done } = await chunks.next();
    if (done) break;
    // Leading white space has no meaning.
    first = /[^ \t\r\n]/.exec(value.toString("latin1"))?.[0];
    if (first !== undefined) read.push(value);
  }
  return { first, all: chain(read, chunks) };
}

async function* chain(read: readonly Buffer[], chunks: AsyncGenerator<Buffer, void, undefined>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* read;
    yield* chunks;
  } finally {
    await chunks.return();
  }
}
