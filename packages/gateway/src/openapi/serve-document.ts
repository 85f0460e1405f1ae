// The OpenAPI document as a response: compressed for clients that take it, since the document of a large API has megabytes.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyInstance } from "fastify";
import type { OpenApiDocument } from "./document.ts";

const compress = promisify(gzip);

export function serveDocument(app: FastifyInstance, path: string, document: OpenApiDocument): void {
  const text = Buffer.from(JSON.stringify(document));
  let compressed: Promise<Buffer> | undefined;
  app.get(path, async (request, reply) => {
    reply.header("content-type", "application/json").header("vary", "accept-encoding");
    if (!acceptsGzip(request.headers["accept-encoding"])) return reply.send(text);
    compressed ??= compress(text);
    return reply.header("content-encoding", "gzip").send(await compressed);
  });
}

/** RFC 9110, section 12.5.3. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? "").split(",");
  const find = (name: string) =>
    codings
      .map((coding) =>
        coding
          .trim()
          .toLowerCase()
          .split(/\s*;\s*/),
      )
      .find(([coding]) => coding === name);
  const [, quality = "q=1"] = find("gzip") ?? find("*") ?? ["", "q=0"];
  return Number(quality.replace(/^q=/, "")) > 0;
}
