// The console of a gateway: when it is served, its files, and what the page reads.
import { gunzipSync } from "node:zlib";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, SourceCodeInfoSchema } from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { Calls } from "../../test/gen/calls_pb.js";
import { Things } from "../../test/gen/things_pb.js";
import { readDescriptors } from "../descriptors.ts";
import { createGateway } from "../gateway.ts";
import type { GatewayServerOptions } from "../options.ts";
import type { ConsoleConfig } from "./console-config.ts";

function serve(options: Partial<GatewayServerOptions> = {}) {
  const gateway = createGateway({ services: [Things], upstream: "localhost:1", ...options });
  onTestFinished(() => gateway.close());
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await gateway.fetch(path, { headers, redirect: "manual" });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
  };
  return { gateway, ask };
}

const configOf = async ({ ask }: ReturnType<typeof serve>, path = "/console/config.json") =>
  JSON.parse((await ask(path)).text) as ConsoleConfig;

/** The status of the console, and where `/` leads to. */
const found = async (url: string) => {
  const [page, home] = await Promise.all([fetch(`${url}/console/`), fetch(url, { redirect: "manual" })]);
  return [page.status, new URL(home.headers.get("location") ?? "", url).pathname];
};

test("by default, a gateway on loopback serves the console, and `/` leads to it", async () => {
  const { gateway } = serve();
  const { url } = await gateway.listen("localhost:0");
  expect(await found(url)).toEqual([200, "/console/"]);
});

test("by default, a gateway that also listens beyond loopback does not serve the console", async () => {
  const { gateway } = serve();
  const { url } = await gateway.listen("127.0.0.1:0");
  const { port } = await gateway.listen("0.0.0.0:0");
  expect(await found(`http://127.0.0.1:${port}`)).toEqual([404, "/docs"]);
  expect(await found(url)).toEqual([404, "/docs"]);
});

test("by default, a gateway in another server does not serve the console", async () => {
  expect((await serve().ask("/console/")).status).toBe(404);
});

test("with `console: true`, every listener serves the console", async () => {
  const { gateway, ask } = serve({ console: true });
  const { port } = await gateway.listen("0.0.0.0:0");
  expect(await found(`http://127.0.0.1:${port}`)).toEqual([200, "/console/"]);
  expect((await ask("/console/")).status).toBe(200);
});

test.each([{ console: false }, { paths: { console: false as const } }, { protocols: ["rest" as const] }])(
  "with %j, none does",
  async (options) => {
    const { gateway } = serve(options);
    const { url } = await gateway.listen("127.0.0.1:0");
    expect(await found(url)).toEqual([404, "/docs"]);
  },
);

test("the console needs Connect", () => {
  expect(() => serve({ console: true, protocols: ["rest"] })).toThrow('console needs the protocol "connect"');
});

test("a rule for `/` has precedence over the console", async () => {
  const rules = [{ selector: `${Things.typeName}.Get`, pattern: { case: "get" as const, value: "/" } }];
  expect((await serve({ console: true, rules }).ask("/")).status).not.toBe(302);
});

test("a rule for the path of the console is a conflict, which names the option", () => {
  const rules = [{ selector: `${Things.typeName}.Get`, pattern: { case: "get" as const, value: "/console" } }];
  expect(() => serve({ console: true, rules })).toThrow("use paths.console (--console-path) to move it");
});

test.each(["/console", "/api/tools/console"])(
  "at %s, the page and all files that it loads are served, compressed and cached",
  async (path) => {
    const { ask } = serve({ console: true, paths: { console: path } });
    const moved = await ask(path);
    expect([moved.status, new URL(moved.headers.get("location") ?? "", `http://gateway${path}`).pathname]).toEqual([302, `${path}/`]);
    const page = await ask(`${path}/`);
    const files = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map(
      ([, link = ""]) => new URL(link, `http://gateway${path}/`).pathname,
    );
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      const plain = await ask(file);
      const zipped = await ask(file, { "accept-encoding": "gzip" });
      expect([file, plain.status, plain.headers.get("cache-control")]).toEqual([file, 200, expect.stringContaining("immutable")]);
      expect([zipped.headers.get("content-encoding"), gunzipSync(zipped.bytes).equals(plain.bytes)]).toEqual(["gzip", true]);
      expect((await ask(file, { "accept-encoding": "gzip, br" })).headers.get("content-encoding")).toBe("br");
      const again = await ask(file, { "if-none-match": plain.headers.get("etag") ?? "" });
      expect([again.status, again.bytes.length]).toEqual([304, 0]);
    }
    // The page itself names the hashes.
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect((await ask(`${path}/none.js`)).status).toBe(404);
  },
);

test("the policy allows files of the gateway alone, and no inline script or style", async () => {
  const { headers } = await serve({ console: true }).ask("/console/");
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
});

test("the configuration has the title, the upstreams, the rules, and where the gateway is", async () => {
  const other = { services: [Calls], upstream: "localhost:2", name: "calls" };
  const served = serve({ console: { readOnly: true }, openApi: { title: "All" }, otherUpstreams: [other] });
  expect(await configOf(served)).toMatchObject({
    title: "All",
    root: "../",
    readOnly: true,
    docs: "../docs",
    protocols: ["rest", "connect", "grpc-web", "grpc"],
    upstreams: [
      { name: "localhost:1", services: [Things.typeName] },
      { name: "calls", services: [Calls.typeName] },
    ],
    rules: { [`${Things.typeName}.Get`]: expect.arrayContaining([expect.objectContaining({ verb: "GET" })]) },
  });
  const deep = serve({ console: true, openApi: false, paths: { console: "/a/b" } });
  const config = await configOf(deep, "/a/b/config.json");
  expect([config.root, config.readOnly, config.docs]).toEqual(["../../", false, undefined]);
});

test("the links of the header are in the configuration as they are", async () => {
  const links = ["../../other/console/", "/x", "//host/x", "https://example.org/"].map((url, index) => ({ title: `${index}`, url }));
  expect((await configOf(serve({ console: { links } }))).links).toEqual(links);
});

test("the descriptors have all services and types, each file after its imports, and follow an update", async () => {
  const { gateway, ask } = serve({ console: true });
  const read = async () => fromBinary(FileDescriptorSetSchema, (await ask("/console/descriptors.binpb")).bytes);
  const registry = createFileRegistry(await read());
  expect(registry.getService(Things.typeName)?.methods.map(({ name }) => name)).toEqual(Things.methods.map(({ name }) => name));
  expect(registry.getMessage("google.rpc.BadRequest")).toBeDefined();
  expect(registry.getService(Calls.typeName)).toBeUndefined();
  gateway.update({ services: [Calls], upstream: "localhost:1" });
  expect(createFileRegistry(await read()).getService(Calls.typeName)).toBeDefined();
});

test("the descriptors have comments of another descriptor set, without places of the source", async () => {
  const plain = fromBinary(FileDescriptorSetSchema, (await serve({ console: true }).ask("/console/descriptors.binpb")).bytes);
  const file = plain.file.find(({ name }) => name === Things.file.proto.name);
  if (file === undefined) throw new Error("the file is missing");
  expect(file.sourceCodeInfo).toBeUndefined();
  const location = [
    { path: [6, 0], span: [9, 0, 12, 1], leadingComments: " The things.\n", leadingDetachedComments: [" A licence.\n"] },
    { path: [6, 0, 1], span: [9, 8, 14] },
  ];
  const sourceCodeInfo = create(SourceCodeInfoSchema, { location });
  const commented = { ...plain, file: [{ ...file, sourceCodeInfo }] };
  const { ask } = serve({ console: true, openApi: { descriptors: commented } });
  const set = fromBinary(FileDescriptorSetSchema, (await ask("/console/descriptors.binpb")).bytes);
  const found = set.file.find(({ name }) => name === file.name)?.sourceCodeInfo?.location;
  expect(found).toMatchObject([{ path: [6, 0], span: [], leadingComments: " The things.\n", leadingDetachedComments: [] }]);
});

/** The service `<name>.S` of a file `same.proto`, which differs by its package. */
function servicesOf(name: string) {
  const type = `.${name}.M`;
  const service = [{ name: "S", method: [{ name: "Do", inputType: type, outputType: type }] }];
  const file = { name: "same.proto", package: name, syntax: "proto3", messageType: [{ name: "M" }], service };
  return readDescriptors(Buffer.from(JSON.stringify({ file: [file] }))).services;
}

test("two upstreams may have different files of the same name, and the same file", async () => {
  const [one, two] = [servicesOf("one"), servicesOf("two")];
  const others = [
    { services: two, upstream: "localhost:2" },
    { services: [Calls], upstream: "localhost:3" },
  ];
  const { ask } = serve({ console: true, services: one, otherUpstreams: others });
  const set = fromBinary(FileDescriptorSetSchema, (await ask("/console/descriptors.binpb")).bytes);
  const names = set.file.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const registry = createFileRegistry(set);
  for (const name of ["one.S", "two.S", Calls.typeName]) expect(registry.getService(name)?.methods.length).toBeGreaterThan(0);
});
