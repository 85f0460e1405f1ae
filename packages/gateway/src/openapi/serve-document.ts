// Serves the OpenAPI document, compressed for clients that accept it: the document of a large API
// has megabytes.
import { type ContentCoding, chooseCoding } from "../http/accept-encoding.ts";
import { compress } from "../http/compress.ts";
import { codings } from "../http/deflate.ts";
import { addHeader } from "../http-exchange.ts";
import type { OwnHandler } from "../own-paths.ts";
import type { OpenApiDocument } from "./document.ts";
import { inSlices, jsonSteps } from "./in-slices.ts";

/** The levels of objects that are serialized in steps: down to the operations and the schemas. */
const depth = 3;

/**
 * Keeps the text of the document, not the document, which takes several times the memory.
 *
 * @param create creates the document in steps. Called once.
 */
export function documentHandler(create: () => Generator<void, OpenApiDocument, void>): OwnHandler {
  let printed: Promise<Buffer> | undefined;
  const compressed = new Map<ContentCoding, Promise<Buffer>>();
  return async (exchange) => {
    const { request, headers } = exchange;
    headers["content-type"] = "application/json";
    addHeader(headers, "vary", "accept-encoding");
    printed ??= inSlices(create()).then((document) => inSlices(jsonSteps(document, depth)));
    const text = await printed;
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
