// Serves the OpenAPI document, compressed for clients that accept gzip: the document of a large API
// has megabytes.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { acceptsGzip } from "../http/deflate.ts";
import type { OpenApiDocument } from "./document.ts";

const compress = promisify(gzip);

export function serveDocument(app: FastifyInstance, path: string, document: OpenApiDocument): void {
  const text = Buffer.from(JSON.stringify(document));
  let compressed: Promise<Buffer> | undefined;
  app.get(path, async (request, reply) => {
    reply.header("content-type", "application/json").header("vary", "accept-encoding");
    if (!acceptsGzip(request.headers["accept-encoding"]?.toString())) return reply.send(text);
    compressed ??= compress(text);
    return reply.header("content-encoding", "gzip").send(await compressed);
  });
}
