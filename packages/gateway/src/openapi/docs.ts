// The documentation page: Swagger UI, without requests to other hosts.
import { gunzipSync } from "node:zlib";
import { chooseCoding } from "../http/accept-encoding.ts";
import { addHeader, type HttpExchange } from "../http-exchange.ts";
import type { OwnHandler } from "../own-paths.ts";

export interface DocsOptions {
  /** The URL of the document, relative to the page. */
  readonly openApiUrl: string;
  /** The title of the page. */
  readonly title: string;
  /** The path of the page. */
  readonly path: string;
}

/**
 * The files of Swagger UI that the page loads, from a module that `scripts/swagger-ui.ts`
 * generates.
 */
const files = [
  ["swagger-ui.css", "text/css; charset=utf-8"],
  ["swagger-ui-bundle.js", "text/javascript; charset=utf-8"],
  ["favicon-32x32.png", "image/png"],
] as const;

/** No inline scripts, and no other origins. Swagger UI has icons in `data:` URLs. */
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
 * Restores slashes in parameters that span several segments: Swagger UI encodes them as `%2F`,
 * which is part of a segment. The function runs in the page, so it must be self-contained.
 *
 * @param paths the paths of the document.
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

/** A null `validatorUrl` keeps the page from sending the URL of the document to swagger.io. */
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

/** The files of a page that displays an OpenAPI document and can send requests, by path. */
export function docsHandlers({ openApiUrl, title, path }: DocsOptions): ReadonlyMap<string, OwnHandler> {
  // Links are relative, so that a proxy can serve the page below another path.
  const folder = path.slice(path.lastIndexOf("/") + 1);
  const handlers = new Map<string, OwnHandler>([
    [path, (exchange) => send(exchange, "text/html; charset=utf-8", page(openApiUrl, title, folder))],
    [`${path}/`, redirect(`../${folder}`)],
    [`${path}/start.js`, (exchange) => send(exchange, "text/javascript; charset=utf-8", script)],
  ]);
  for (const [name, type] of files) {
    handlers.set(`${path}/${name}`, async (exchange) => {
      const { request, headers } = exchange;
      const { gzipped, version } = await import("../../gen/swagger-ui/assets.js");
      const takes = chooseCoding(request.headers["accept-encoding"], ["gzip"]) !== undefined;
      const etag = takes ? `"${version}-gzip"` : `"${version}"`;
      headers["etag"] = etag;
      headers["cache-control"] = "no-cache";
      addHeader(headers, "vary", "accept-encoding");
      if (request.headers["if-none-match"] === etag) {
        exchange.send(304);
        return;
      }
      const content = Buffer.from(gzipped[name], "base64");
      if (takes) headers["content-encoding"] = "gzip";
      send(exchange, type, takes ? content : gunzipSync(content));
    });
  }
  return handlers;
}

/** Redirects with 302 (Found). */
export function redirect(location: string): OwnHandler {
  return (exchange) => {
    exchange.headers["location"] = location;
    exchange.send(302);
  };
}

function send(exchange: HttpExchange, type: string, content: string | Buffer): void {
  const { headers } = exchange;
  headers["content-security-policy"] = contentSecurityPolicy;
  headers["x-content-type-options"] = "nosniff";
  headers["content-type"] = type;
  exchange.send(200, content);
}

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
<noscript>This page requires JavaScript. See <a href="${escapeHtml(openApiUrl)}">the OpenAPI document</a>.</noscript>
<script src="${folder}/swagger-ui-bundle.js"></script>
<script src="${folder}/start.js"></script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
