// The requests of a call, from the body of an HTTP request.

import type { Readable } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import type { FastifyRequest } from "fastify";
import type { Exchange } from "../exchange.ts";
import { checkContentType, readBody, readLines, readParts, textOf } from "../http/body.ts";
import type { Route } from "../route.ts";

/** A request's body, unless it has none. Of HTTP/2, Fastify takes only those for bodies that have a type or a length, which they need not. */
function bodyOf({ body, raw }: FastifyRequest): Readable | undefined {
  if (body !== undefined) return body as Readable;
  const { stream } = raw as { stream?: { readonly endAfterHeaders: boolean } };
  return stream === undefined || stream.endAfterHeaders ? undefined : raw;
}

/** The one request of a call. */
export function bindBody(exchange: Exchange, { binder }: Route): Message | Promise<Message> {
  const { parts, request } = exchange;
  const body = bodyOf(request);
  if (binder.body === "none" || body === undefined) return binder.bind(parts);
  return bindWhole(exchange, binder, body);
}

async function bindWhole({ parts, request, settings }: Exchange, binder: Route["binder"], body: Readable): Promise<Message> {
  const { "content-type": contentType, "content-length": length } = request.headers;
  if (binder.body === "json") checkContentType(request.headers, false);
  const bytes = await readBody(body, length, settings);
  if (binder.body === "json") return binder.bind(parts, textOf(bytes));
  return binder.bind(parts, { contentType: contentType ?? "", data: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
}

/** The requests of a stream: one a line; a `google.api.HttpBody`, as its parts come. */
export async function* bindLines({ parts, request, settings }: Exchange, { binder }: Route): AsyncGenerator<Message, void, undefined> {
  const body = bodyOf(request);
  if (binder.body === "none" || body === undefined) {
    // Nothing but the URL: that is one request.
    yield binder.bind(parts);
    return;
  }
  const { "content-type": contentType = "" } = request.headers;
  if (binder.body === "raw") {
    for await (const data of readParts(body, settings)) yield binder.bind(parts, { contentType, data: new Uint8Array(data) });
    return;
  }
  checkContentType(request.headers, true);
  let number = 0;
  for await (const line of readLines(body, settings)) {
    number++;
    try {
      yield binder.bind(parts, line);
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== Code.INVALID_ARGUMENT) throw error;
      const { code, message, details } = error;
      throw new RpcError(code, `line ${number}: ${message}`, { details });
    }
  }
}
