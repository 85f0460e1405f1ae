// Documentation for people: Swagger UI, served from here, without a request to anywhere else.
import { gunzipSync } from "node:zlib";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { takesGzip } from "../http/deflate.ts";

export interface DocsOptions {
  /** Where the document is, as seen from the page. Default `openapi.json`: beside it. */
  readonly openApiUrl?: string;
  /** Of the page. Default `API`. */
  readonly title?: string;
  /** Where the page is, below the prefix that the plugin is registered with. Default `/docs`. */
  readonly path?: string;
}

/** The files of Swagger UI that the page needs. `scripts/swagger-ui.ts` makes a module of them, which the first request loads. */
const files = [
  ["swagger-ui.css", "text/css; charset=utf-8"],
  ["swagger-ui-bundle.js", "text/javascript; charset=utf-8"],
  ["favicon-32x32.png", "image/png"],
] as const;

/** Nothing inline, and nothing from elsewhere; Swagger UI has its icons in `data:` URLs. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * The URL of a request with the slashes of parameters that may be several segments. Swagger UI encodes them, and `%2F` is part of a segment.
 * It runs in the page, and uses nothing from outside.
 *
 * @param paths those of the document.
 */
export function withSlashes(url: string, paths: Readonly<Record<string, unknown>>): string {
  const mark = url.search(/[?#]/);
  const path = mark < 0 ? url : url.slice(0, mark);
  for (const [template, item] of Object.entries(paths)) {
    const parameters = Object.values(item as object).flatMap((operation) => operation?.parameters ?? []);
    const deep = parameters.find((parameter) => parameter["x-multi-segment"])?.name;
    if (deep === undefined) continue;
    const pattern = template.split(/(\{[^}]*\})/).map((part) => {
      if (part === `{${deep}}`) return "(.*)";
      return part.startsWith("{") ? "[^/]*" : part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    });
    const [start, end] = new RegExp(`${pattern.join("")}$`, "d").exec(path)?.indices?.[1] ?? [];
    if (start === undefined || end === undefined) continue;
    return path.slice(0, start) + path.slice(start, end).replace(/%2F/gi, "/") + url.slice(end);
  }
  return url;
}

/** Without `validatorUrl`, the page would send the document's address to swagger.io. */
const script = `const page = SwaggerUIBundle({
  url: document.documentElement.dataset.openapi,
  dom_id: "#docs",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  showExtensions: true,
  validatorUrl: null,
  requestInterceptor(request) {
    const paths = request.loadSpec ? undefined : page.specSelectors.specJson().get("paths");
    if (paths !== undefined) request.url = withSlashes(request.url, paths.toJS());
    return request;
  },
});
${withSlashes}
`;

/**
 * Serves a page that shows an OpenAPI document, and lets one try it.
 *
 * @example
 * await app.register(docs, { title: "The shop" }); // GET /docs shows what GET /openapi.json has
 */
export const docs: FastifyPluginAsync<DocsOptions> = async (app, { openApiUrl = "openapi.json", title = "API", path = "/docs" }) => {
  // Links are relative, so that a proxy may put the page anywhere.
  const folder = path.slice(path.lastIndexOf("/") + 1);
  const send = (reply: FastifyReply, type: string, content: unknown) => {
    reply.header("content-security-policy", contentSecurityPolicy).header("x-content-type-options", "nosniff");
    return reply.type(type).send(content);
  };
  app.get(path, (_request, reply) => send(reply, "text/html; charset=utf-8", page(openApiUrl, title, folder)));
  app.get(`${path}/`, (_request, reply) => reply.redirect(`../${folder}`));
  app.get(`${path}/start.js`, (_request, reply) => send(reply, "text/javascript; charset=utf-8", script));
  for (const [name, type] of files) {
    app.get(`${path}/${name}`, async (request: FastifyRequest, reply) => {
      const { gzipped, version } = await import("../../gen/swagger-ui/assets.js");
      const takes = takesGzip(request.headers["accept-encoding"]?.toString());
      const etag = takes ? `"${version}-gzip"` : `"${version}"`;
      reply.header("etag", etag).header("cache-control", "no-cache").header("vary", "accept-encoding");
      if (request.headers["if-none-match"] === etag) return reply.code(304).send();
      const content = Buffer.from(gzipped[name], "base64");
      if (!takes) return send(reply, type, gunzipSync(content));
      reply.header("content-encoding", "gzip");
      return send(reply, type, content);
    });
  }
};

function page(openApiUrl: string, title: string, folder: string): string {
  return `<!doctype html>
<html lang="en" data-openapi="${escapeHtml(openApiUrl)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${folder}/favicon-32x32.png">
<link rel="stylesheet" href="${folder}/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<noscript>This page needs JavaScript. <a href="${escapeHtml(openApiUrl)}">The document itself</a> does not.</noscript>
<script src="${folder}/swagger-ui-bundle.js"></script>
<script src="${folder}/start.js"></script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
