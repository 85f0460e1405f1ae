// The documentation that the command generates for a foreign service: /openapi.json for programs,
// /docs for people.
import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Folder } from "../security/certificates.ts";
import { type GatewayProcess, startGateway } from "./gateways.ts";
import { askHttp1 } from "./http.ts";
import { buildMuseum, type Museum, serveMuseum, serveReflected } from "./museum.ts";

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let descriptors: string;
let museum: Museum;
let gateway: GatewayProcess;

beforeAll(async () => {
  const folder = started.use(await Folder.make());
  descriptors = await buildMuseum(folder);
  museum = started.use(await serveMuseum());
  gateway = started.use(await startGateway(museum.address, ["--descriptors", descriptors]));
});

afterAll(() => started.disposeAsync());

interface Document extends Record<string, unknown> {
  readonly openapi: string;
  readonly info: unknown;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

async function documentOf({ url }: GatewayProcess): Promise<Document> {
  const { status, headers, body } = await askHttp1(`${url}/openapi.json`);
  expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "application/json" });
  return JSON.parse(body);
}

/** Returns the errors that a public validator finds. */
async function errorsOf(document: Document): Promise<unknown> {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  return valid ? [] : errors;
}

describe("/openapi.json", () => {
  test("is valid OpenAPI 3.1, with every rule, comment and type", async () => {
    const document = await documentOf(gateway);
    expect(await errorsOf(document)).toEqual([]);
    expect(document.openapi).toMatch(/^3\.1\./);
    const operations = Object.entries(document.paths).flatMap(([path, item]) => Object.keys(item).map((verb) => `${verb} ${path}`));
    expect(operations.toSorted()).toEqual([
      "delete /v1/halls/{name_1}/exhibits/{name_2}",
      "get /v1/exhibits/{name}",
      "get /v1/exhibits/{name}:labels",
      "get /v1/halls/{name_1}/exhibits/{name_2}",
      "get /v1/halls/{name}:watch",
      "get /v1/pictures/{path}",
      "get /v1/search",
      "get /v1/wait",
      "patch /v1/halls/{name_1}/exhibits/{name_2}",
      "post /v1/halls/{name_1}/exhibits/{name_2}:move",
      "post /v1/halls/{parent}/exhibits",
      "post /v1/search/{place.hall}",
      "put /v1/halls/{name_1}/exhibits/{name_2}",
      "put /v1/pictures/{path}",
      // OpenAPI 3.1 does not support the method SEARCH.
      "x-additionalOperations /v1/{name}",
    ]);
    expect(document.paths["/v1/exhibits/{name}"]?.["get"]).toMatchObject({ description: "Finds an exhibit, in a hall or anywhere." });
    expect(document.components.schemas["museum.v1.Exhibit"]).toMatchObject({ description: "A thing to look at." });
  });

  test.each([
    ["with the field names of the .proto file", ["--field-names", "proto", "--emit-defaults", "--title", "A museum"]],
    ["with methods that have no HTTP rule", ["--unbound"]],
  ])("is valid %s", async (_, args) => {
    await using other = await startGateway(museum.address, ["--descriptors", descriptors, ...args]);
    expect(await errorsOf(await documentOf(other))).toEqual([]);
  });

  test("built by reflection has the same paths and types, without comments", async () => {
    await using server = await serveReflected(await readFile(descriptors), "v1");
    await using reflected = await startGateway(server.address, ["--reflection"]);
    const [one, other] = await Promise.all([documentOf(gateway), documentOf(reflected)]);
    expect(await errorsOf(other)).toEqual([]);
    expect(Object.keys(other.paths)).toEqual(Object.keys(one.paths));
    expect(Object.keys(other.components.schemas)).toEqual(Object.keys(one.components.schemas));
  });

  test("/ redirects to the console, also with --console-path", async () => {
    await using moved = await startGateway(museum.address, ["--descriptors", descriptors, "--console-path", "/about/console"]);
    expect(await askHttp1(`${moved.url}/`)).toMatchObject({ status: 302, headers: { location: "about/console/" } });
    expect(await askHttp1(`${moved.url}/about/console/`)).toMatchObject({ status: 200 });
  });

  test("without the console, / redirects to the documentation page, also with --docs-path", async () => {
    await using moved = await startGateway(museum.address, ["--descriptors", descriptors, "--no-console", "--docs-path", "/about/api"]);
    expect(await askHttp1(`${moved.url}/`)).toMatchObject({ status: 302, headers: { location: "/about/api" } });
    expect(await askHttp1(`${moved.url}/about/api`)).toMatchObject({ status: 200 });
  });

  test("is disabled by --no-openapi, together with /docs", async () => {
    await using silent = await startGateway(museum.address, ["--descriptors", descriptors, "--no-openapi"]);
    for (const path of ["/openapi.json", "/docs"]) expect(await askHttp1(silent.url + path)).toMatchObject({ status: 404 });
  });
});

test("/docs loads only from the gateway, and its content security policy allows nothing else", async () => {
  const page = await askHttp1(`${gateway.url}/docs`);
  const policy = Object.fromEntries(
    String(page.headers["content-security-policy"])
      .split(/;\s*/)
      .map((directive) => directive.split(/\s+(.*)/) as [string, string]),
  );
  expect(policy).toMatchObject({ "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'" });
  for (const sources of Object.values(policy)) expect(sources).toMatch(/^(?:'none'|'self'|'self' data:)$/);
  // The policy would block inline scripts and styles.
  expect(page.body).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:/);

  const references = [...page.body.matchAll(/<(?:script|link|img|html)[^>]*?\s(?:src|href|data-openapi)="([^"]*)"/g)].map(
    ([, url = ""]) => url,
  );
  expect(references).toHaveLength(5);
  for (const reference of references) {
    expect(reference).toMatch(/^[\w./-]+$/);
    const { status, headers, body } = await askHttp1(new URL(reference, `${gateway.url}/docs`).href);
    expect({ status, nosniff: headers["x-content-type-options"] }).toEqual({ status: 200, nosniff: "nosniff" });
    if (reference.endsWith(".css")) {
      expect(headers["content-type"]).toMatch(/^text\/css/);
      expect(body).not.toMatch(/@import/);
      for (const [, url] of body.matchAll(/url\(["']?([^"')]{0,10})/g)) expect(url).toMatch(/^data:/);
    }
    if (reference.endsWith(".js")) expect(headers["content-type"]).toMatch(/^text\/javascript/);
    // Swagger UI's own script contains host names in links and namespaces. start.js decides what it
    // loads.
    if (reference.endsWith("start.js")) {
      expect(body).not.toMatch(/\/\//);
      expect(body).toContain("validatorUrl: null");
    }
  }
});
