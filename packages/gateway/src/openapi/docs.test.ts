import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { docs, withSlashes } from "./docs.ts";

async function serve(options: Parameters<typeof docs>[1] = {}, prefix = "") {
  const app = Fastify();
  await app.register(docs, { ...options, prefix });
  return app;
}

test.each(["", "/api"])("below %j, the gateway serves the page and all files that it loads", async (prefix) => {
  const app = await serve({}, prefix);
  const page = await app.inject(`${prefix}/docs`);
  expect([page.statusCode, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
  const links = [...page.body.matchAll(/(?:src|href|data-openapi)="([^"]*)"/g)].map(
    ([, link = ""]) => new URL(link, `http://gateway${prefix}/docs`),
  );
  expect(links.map(String)).toEqual(
    ["openapi.json", "docs/favicon-32x32.png", "docs/swagger-ui.css", "openapi.json", "docs/swagger-ui-bundle.js", "docs/start.js"].map(
      (link) => `http://gateway${prefix}/${link}`,
    ),
  );
  for (const { pathname } of links.filter((link) => !link.pathname.endsWith(".json"))) {
    const response = await app.inject(pathname);
    expect([pathname, response.statusCode, response.headers["x-content-type-options"]]).toEqual([pathname, 200, "nosniff"]);
    // Other URLs in the CSS must be `data:` URLs.
    if (pathname.endsWith(".css")) expect([...response.body.matchAll(/url\((?!["']?data:)/g)]).toEqual([]);
  }
});

test("nothing is inline, and the policy forbids other origins", async () => {
  const page = await (await serve()).inject("/docs");
  expect(page.body).not.toMatch(/<script>|<style|style=|\son\w+=/);
  expect(page.headers["content-security-policy"]).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
});

test("the page does not send the document to an online validator", async () => {
  expect((await (await serve()).inject("/docs/start.js")).body).toContain("validatorUrl: null");
});

test("escapes the title and the URL", async () => {
  const page = await (await serve({ title: "<b>", openApiUrl: 'x"y' })).inject("/docs");
  expect(page.body).toContain("<title>&#60;b&#62;</title>");
  expect(page.body).toContain('data-openapi="x&#34;y"');
});

test("a browser with cached files gets 304", async () => {
  const app = await serve();
  const { headers } = await app.inject("/docs/swagger-ui.css");
  const again = await app.inject({ url: "/docs/swagger-ui.css", headers: { "if-none-match": String(headers.etag) } });
  expect([again.statusCode, again.body]).toEqual([304, ""]);
});

test("compresses the files for clients that accept gzip", async () => {
  const app = await serve();
  for (const name of ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"]) {
    const plain = await app.inject(`/docs/${name}`);
    const small = await app.inject({ url: `/docs/${name}`, headers: { "accept-encoding": "gzip" } });
    expect([name, plain.headers["content-encoding"], small.headers["content-encoding"]]).toEqual([name, undefined, "gzip"]);
    expect(gunzipSync(small.rawPayload).equals(plain.rawPayload)).toBe(true);
    expect(plain.rawPayload.equals(readFileSync(createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)))).toBe(true);
    expect(small.headers.etag).not.toBe(plain.headers.etag);
  }
});

test("a trailing slash redirects to the page", async () => {
  const response = await (await serve({}, "/api")).inject("/api/docs/");
  expect(new URL(String(response.headers.location), "http://gateway/api/docs/").pathname).toBe("/api/docs");
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
  const script = (await (await serve()).inject("/docs/start.js")).body;
  const inPage = new Function(`${script.slice(script.indexOf("function withSlashes"))}; return withSlashes;`)() as typeof withSlashes;
  expect(inPage(url, paths)).toBe(sent);
});
