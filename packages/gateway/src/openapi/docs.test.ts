import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { Things } from "../../test/gen/things_pb.js";
import { createGateway } from "../gateway.ts";
import type { GatewayServerOptions } from "../options.ts";
import { withSlashes } from "./docs.ts";

/** Starts a gateway, and returns a function that asks it. */
function serve(options: Partial<GatewayServerOptions> = {}) {
  const gateway = createGateway({ services: [Things], upstream: "localhost:1", ...options });
  onTestFinished(() => gateway.close());
  return async (path: string, headers: Record<string, string> = {}) => {
    const response = await gateway.fetch(path, { headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
  };
}

test.each(["/docs", "/api/docs"])("at %j, the gateway serves the page and all files that it loads", async (path) => {
  const folder = path.slice(0, -"/docs".length);
  const ask = serve({ paths: { docs: path, openApi: `${folder}/openapi.json` } });
  const page = await ask(path);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  const links = [...page.text.matchAll(/(?:src|href|data-openapi)="([^"]*)"/g)].map(
    ([, link = ""]) => new URL(link, `http://gateway${path}`),
  );
  const document = `${folder}/openapi.json`;
  const files = ["favicon-32x32.png", "swagger-ui.css", "", "swagger-ui-bundle.js", "start.js"];
  expect(links.map(({ pathname }) => pathname)).toEqual([document, ...files.map((file) => (file === "" ? document : `${path}/${file}`))]);
  for (const { pathname } of links.filter((link) => !link.pathname.endsWith(".json"))) {
    const response = await ask(pathname);
    expect([pathname, response.status, response.headers.get("x-content-type-options")]).toEqual([pathname, 200, "nosniff"]);
    // Other URLs in the CSS must be `data:` URLs.
    if (pathname.endsWith(".css")) expect([...response.text.matchAll(/url\((?!["']?data:)/g)]).toEqual([]);
  }
});

test("nothing is inline, and the policy forbids other origins", async () => {
  const page = await serve()("/docs");
  expect(page.text).not.toMatch(/<script>|<style|style=|\son\w+=/);
  expect(page.headers.get("content-security-policy")).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
});

test("the page does not send the document to an online validator", async () => {
  expect((await serve()("/docs/start.js")).text).toContain("validatorUrl: null");
});

test("escapes the title and the URL", async () => {
  const page = await serve({ openApi: { title: "<b>" }, paths: { openApi: '/x"y' } })("/docs");
  expect(page.text).toContain("<title>&#60;b&#62;</title>");
  expect(page.text).toContain('data-openapi="x&#34;y"');
});

test("a browser with cached files gets 304", async () => {
  const ask = serve();
  const { headers } = await ask("/docs/swagger-ui.css");
  const again = await ask("/docs/swagger-ui.css", { "if-none-match": headers.get("etag") ?? "" });
  expect([again.status, again.text]).toEqual([304, ""]);
});

test("compresses the files for clients that accept gzip", async () => {
  const ask = serve();
  for (const name of ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"]) {
    const plain = await ask(`/docs/${name}`);
    const small = await ask(`/docs/${name}`, { "accept-encoding": "gzip" });
    expect([name, plain.headers.get("content-encoding"), small.headers.get("content-encoding")]).toEqual([name, null, "gzip"]);
    expect(gunzipSync(small.bytes).equals(plain.bytes)).toBe(true);
    expect(plain.bytes.equals(readFileSync(createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)))).toBe(true);
    expect(small.headers.get("etag")).not.toBe(plain.headers.get("etag"));
  }
});

test("a trailing slash redirects to the page, and so does the root unless a rule matches it", async () => {
  const response = await serve({ paths: { docs: "/api/docs" } })("/api/docs/");
  expect([response.status, new URL(response.headers.get("location") ?? "", "http://gateway/api/docs/").pathname]).toEqual([
    302,
    "/api/docs",
  ]);
  const root = await serve()("/");
  expect([root.status, root.headers.get("location")]).toEqual([302, "/docs"]);
  expect((await serve({ paths: { docs: false } })("/")).status).toBe(404);
});

test.each([
  ["http://x/v1/files/a%2Fb%2fc", "http://x/v1/files/a/b/c"],
  ["http://x/api/v1/files/a%2Fb?q=a%2Fb", "http://x/api/v1/files/a/b?q=a%2Fb"],
  ["http://x/v1/files/a%2Fb:purge", "http://x/v1/files/a/b:purge"],
  ["http://x/v1/shelves/a%2Fb/files/c%2Fd", "http://x/v1/shelves/a%2Fb/files/c/d"],
  ["http://x/v1/books/a%2Fb", "http://x/v1/books/a%2Fb"],
  ["http://x/openapi.json", "http://x/openapi.json"],
])("restores the slashes of a parameter with several segments: %s", async (url, sent) => {
  const deep = { name: "path", in: "path", "x-multi-segment": true };
  const plain = { name: "name", in: "path" };
  const paths = {
    "/v1/shelves/{name}/files/{path}": { get: { parameters: [plain, deep] } },
    "/v1/files/{path}:purge": { post: { parameters: [deep] } },
    "/v1/files/{path}": { get: { parameters: [deep] }, put: {} },
    "/v1/books/{name}": { get: { parameters: [plain] } },
  };
  expect(withSlashes(url, paths)).toBe(sent);
  // The copy that the page runs.
  const script = (await serve()("/docs/start.js")).text;
  const inPage = new Function(`${script.slice(script.indexOf("function withSlashes"))}; return withSlashes;`)() as typeof withSlashes;
  expect(inPage(url, paths)).toBe(sent);
});
