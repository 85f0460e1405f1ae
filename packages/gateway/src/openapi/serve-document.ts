// Serves the OpenAPI document, compressed for clients that accept it: the document of a large API
// has megabytes.
import { type ContentCoding, chooseCoding } from "../http/accept-encoding.ts";
import { codings, compress } from "../http/deflate.ts";
import { addHeader } from "../http-exchange.ts";
import type { OwnHandler } from "../own-paths.ts";
import type { OpenApiDocument } from "./document.ts";

/**
 * Keeps the text of the document, not the document, which takes several times the memory.
 *
 * @param document creates the document. Called once.
 */
export function documentHandler(create: () => OpenApiDocument): OwnHandler {
  let text: Buffer | undefined;
  const compressed = new Map<ContentCoding, Promise<Buffer>>();
  return async (exchange) => {
    const { request, headers } = exchange;
    headers["content-type"] = "application/json";
    addHeader(headers, "vary", "accept-encoding");
    text ??= Buffer.from(JSON.stringify(create()));
    const coding = chooseCoding(request.headers["accept-encoding"], codings);
    if (coding === undefined) {
      exchange.send(200, text);
      return;
    }
    const content = compressed.get(coding) ?? compress(text, coding);
    compressed.set(coding, content);
    headers["content-encoding"] = coding;
    exchange.send(200, await content);
  };
}
