// The options of the command line, and their types.
import { expect, test } from "vitest";
import type { Config } from "../config/config.ts";
import { type CommandOptions, createProgram } from "./cli.ts";
import { withOptions } from "./options-config.ts";

const noActions = { serve: async () => {}, check: async () => {} };

/** Returns the parsed options of a command with a server, or the error line. */
const parse = (...args: string[]) => parseAll("--upstream", "localhost:1", ...args);

/** Returns the parsed options, or the error line. */
async function parseAll(...args: string[]): Promise<CommandOptions | string> {
  let parsed: CommandOptions | undefined;
  let error = "";
  const program = createProgram({
    serve: async (options) => {
      parsed = options;
    },
    check: async () => {},
  });
  program.exitOverride().configureOutput({ writeErr: (text) => (error += text) });
  await program.parseAsync(args, { from: "user" }).catch(() => {});
  return parsed ?? error;
}

test.each([
  ["--body-limit", "bodyLimit"],
  ["--element-limit", "elementLimit"],
  ["--max-response-bytes", "maxResponseBytes"],
  ["--max-header-bytes", "maxHeaderBytes"],
  ["--max-connections", "maxConnections"],
  ["--max-streams", "maxStreams"],
])("%s is a number", async (option, name) => {
  expect(await parse(option, "17")).toHaveProperty(name, 17);
  for (const wrong of ["-1", "1.5", "1s", "2147483648"]) expect(await parse(`${option}=${wrong}`)).toContain("must be a whole number");
});

test.each([
  ["--timeout", "timeout"],
  ["--body-timeout", "bodyTimeout"],
  ["--headers-timeout", "headersTimeout"],
  ["--grace", "grace"],
])("%s is a duration", async (option, name) => {
  expect(await parse(option, "17")).toHaveProperty(name, 17);
  expect(await parse(option, "500ms")).toHaveProperty(name, 500);
  expect(await parse(option, "2m")).toHaveProperty(name, 120_000);
  for (const wrong of ["-1", "1.5", "soon", "2147483648"]) {
    expect(await parse(`${option}=${wrong}`)).toContain("a duration like 500ms, 1s or 2m");
  }
});

test("options that take several values", async () => {
  const servers = ["--upstream", "localhost:2", "--descriptors", "a.binpb", "b.binpb", "--rules", "a.yaml", "--rules", "b.yaml"];
  expect(await parse(...servers)).toMatchObject({
    upstream: ["localhost:1", "localhost:2"],
    descriptors: ["a.binpb", "b.binpb"],
    rules: ["a.yaml", "b.yaml"],
  });
  const headers = ["--forward-header", "cookie", "idempotency-key", "--response-header", "set-cookie", "--status-metadata", "x-http-code"];
  expect(await parse(...headers, "--conflicts", "keep-first")).toMatchObject({
    forwardHeader: ["cookie", "idempotency-key"],
    responseHeader: ["set-cookie"],
    statusMetadata: "x-http-code",
    conflicts: "keep-first",
  });
  expect(await parse("--descriptors", "a", "b")).toContain("--descriptors needs one file for each --upstream (1), got 2");
});

test("--refresh is a duration or off, and --protocols and --listen are checked", async () => {
  expect(await parse("--refresh", "1m")).toHaveProperty("refresh", 60_000);
  expect(await parse("--refresh", "off")).toHaveProperty("refresh", Number.POSITIVE_INFINITY);
  expect(await parse("--refresh", "often")).toContain("a duration like 500ms");
  expect(await parse("--protocols", "rest", "grpc-web")).toHaveProperty("protocols", ["rest", "grpc-web"]);
  expect(await parse("--protocols", "soap")).toContain("Allowed choices are rest, connect, grpc-web, grpc");
  for (const listen of ["[::1]:0", "a.b:65535", "unix:/tmp/a.sock"])
    expect(await parse("--listen", listen)).toHaveProperty("listen", listen);
  expect(await parse("--admin", "9470")).toHaveProperty("admin", "localhost:9470");
  expect(await parse("--admin", "localhost")).toContain("It must be a port, host:port, or unix:/path.");
  expect(await parse("--metrics", "unix:/run/metrics.sock")).toContain("It must be a port or host:port.");
  for (const listen of ["::1:0", "a:65536", "a", ":1", "unix:"]) expect(await parse("--listen", listen)).toContain("It must be host:port");
});

test("options override the configuration key by key, and --upstream replaces its servers", async () => {
  const file: Config = {
    listen: "localhost:1",
    upstreams: [{ address: "a:1", tls: true, timeout: 5 }, { address: "b:1" }],
    rules: [{ selector: "a.B.C", get: "/c" }],
    limits: { timeout: 1, maxCalls: 2 },
    headers: { forward: "cookie", response: ["etag"] },
    paths: { docs: false, health: "/h" },
  };
  const cli = async (...args: readonly string[]) => withOptions(file, (await parseAll("--config", "x", ...args)) as CommandOptions);
  expect(await cli()).toMatchObject(file);
  expect(
    await cli("--listen", "c:2", "--timeout", "7", "--response-header", "location", "--health-path", "/x", "--no-openapi"),
  ).toMatchObject({
    listen: "c:2",
    limits: { timeout: 7, maxCalls: 2 },
    headers: { forward: "cookie", response: ["location"] },
    paths: { docs: false, health: "/x", openApi: false },
    upstreams: file.upstreams,
  });
  expect((await cli("--upstream", "d:1", "--ca", "ca.pem")).upstreams).toEqual([{ address: "d:1", tls: { ca: "ca.pem" } }]);
  expect((await cli("--ca", "ca.pem")).upstreams).toEqual([
    { address: "a:1", tls: { ca: "ca.pem" }, timeout: 5 },
    { address: "b:1", tls: { ca: "ca.pem" } },
  ]);
  expect(await cli("--rules", "r.yaml")).toMatchObject({ rules: [], ruleFiles: ["r.yaml"] });
});

test("limits must be positive; the grace period may be zero", async () => {
  expect(await parse("--max-connections", "0")).toContain("must be a whole number from 1");
  expect(await parse("--grace", "0")).toHaveProperty("grace", 0);
});

test("a misspelt --upstream gets a suggestion; a missing one is reported", async () => {
  const errorOf = async (...args: string[]) => {
    let error = "";
    const program = createProgram(noActions)
      .exitOverride()
      .configureOutput({ writeErr: (text) => (error += text) });
    await program.parseAsync(args, { from: "user" }).catch(() => {});
    return error;
  };
  expect(await errorOf("--upsteam", "localhost:1")).toContain("unknown option '--upsteam' (Did you mean --upstream?)");
  expect(await errorOf()).toContain("required option '--upstream <host:port...>' or '--config <file>' not specified");
});

test("--help shows defaults as they are typed", () => {
  const help = createProgram(noActions).helpInformation().replaceAll(/\s+/g, " ");
  expect(help).toContain("(default: localhost:9468)");
  expect(help).not.toMatch(/default: [{[]/);
});
