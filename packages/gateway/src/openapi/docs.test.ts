import Fastify from "fastify";
import { expect, test } from "vitest";
import { docs } from "./docs.ts";

async function serve(options: Parameters<typeof docs>[1] = {}, prefix = "") {
  const app = Fastify();
  await app.register(docs, { ...options, prefix });
  return app;
}

test.each(["", "/api"])("below %j, the page and all that it refers to come from the gateway itself", async (prefix) => {
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
    // CSS that has a URL of its own has it as data.
    if (pathname.endsWith(".css")) expect([...response.body.matchAll(/url\((?!["']?data:)/g)]).toEqual([]);
  }
});

test("nothing is inline, and nothing may be loaded from elsewhere", async () => {
  const page = await (await serve()).inject("/docs");
  expect(page.body).not.toMatch(/<script>|<style|style=|\son\w+=/);
  expect(page.headers["content-security-policy"]).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
});

test("the document is not shown to an online validator", async () => {
  expect((await (await serve()).inject("/docs/start.js")).body).toContain("validatorUrl: null");
});

test("title and address are text, whatever they contain", async () => {
  const page = await (await serve({ title: "<b>", openApiUrl: 'x"y' })).inject("/docs");
  expect(page.body).toContain("<title>&#60;b&#62;</title>");
  expect(page.body).toContain('data-openapi="x&#34;y"');
});

test("a browser that has the files already does not get them again", async () => {
  const app = await serve();
  const { headers } = await app.inject("/docs/swagger-ui.css");
  const again = await app.inject({ url: "/docs/swagger-ui.css", headers: { "if-none-match": String(headers.etag) } });
  expect([again.statusCode, again.body]).toEqual([304, ""]);
});

test("a trailing slash leads to the page", async () => {
  const response = await (await serve({}, "/api")).inject("/api/docs/");
  expect(new URL(String(response.headers.location), "http://gateway/api/docs/").pathname).toBe("/api/docs");
});
