// Serves the OpenAPI document, compressed for clients that accept gzip: the document of a large API
// has megabytes.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { acceptsGzip } from "../http/deflate.ts";
import { addHeader } from "../http-exchange.ts";
import type { OwnHandler } from "../own-paths.ts";
import type { OpenApiDocument } from "./document.ts";

const compress = promisify(gzip);

/** @param document returns the same document each time. */
export function documentHandler(document: () => OpenApiDocument): OwnHandler {
  let text: Buffer | undefined;
  let compressed: Promise<Buffer> | undefined;
  return async (exchange) => {
    const { request, headers } = exchange;
    headers["content-type"] = "application/json";
    addHeader(headers, "vary", "accept-encoding");
    text ??= Buffer.from(JSON.stringify(document()));
    if (!acceptsGzip(request.headers["accept-encoding"])) {
      exchange.send(200, text);
      return;
    }
    compressed ??= compress(text);
    headers["content-encoding"] = "gzip";
    exchange.send(200, await compressed);
  };
}
