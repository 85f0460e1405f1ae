// The command line: each option arrives as what it is.
import { expect, test } from "vitest";
import { createProgram, type GatewayRequest } from "./cli.ts";

/** What is asked for, or the line that says what is wrong. */
async function parse(...args: string[]): Promise<GatewayRequest | string> {
  let asked: GatewayRequest | undefined;
  let said = "";
  const program = createProgram(async (request) => {
    asked = request;
  });
  program.exitOverride().configureOutput({ writeErr: (text) => (said += text) });
  await program.parseAsync(["--upstream", "localhost:1", ...args], { from: "user" }).catch(() => {});
  return asked ?? said;
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

test("options that may stand several times", async () => {
  const servers = ["--upstream", "localhost:2", "--descriptors", "a.binpb", "b.binpb", "--rules", "a.yaml", "--rules", "b.yaml"];
  expect(await parse(...servers)).toMatchObject({
    upstream: ["localhost:1", "localhost:2"],
    descriptors: ["a.binpb", "b.binpb"],
    rules: ["a.yaml", "b.yaml"],
    conflicts: "refuse",
  });
  const headers = ["--forward-header", "cookie", "idempotency-key", "--response-header", "set-cookie", "--status-metadata", "x-http-code"];
  expect(await parse(...headers, "--conflicts", "keep-first")).toMatchObject({
    forwardHeader: ["cookie", "idempotency-key"],
    responseHeader: ["set-cookie"],
    statusMetadata: "x-http-code",
    conflicts: "keep-first",
  });
  expect(await parse("--descriptors", "a", "b")).toContain("1 --upstream need as many --descriptors, got 2");
});

test("no limit is nothing, but a grace may be", async () => {
  expect(await parse("--max-connections", "0")).toContain("must be a whole number from 1");
  expect(await parse("--grace", "0")).toHaveProperty("grace", 0);
});

test("a misspelt --upstream is named, with what was meant; a missing one is asked for", async () => {
  const say = async (...args: string[]) => {
    let said = "";
    const program = createProgram(async () => {})
      .exitOverride()
      .configureOutput({ writeErr: (text) => (said += text) });
    await program.parseAsync(args, { from: "user" }).catch(() => {});
    return said;
  };
  expect(await say("--upsteam", "localhost:1")).toContain("unknown option '--upsteam' (Did you mean --upstream?)");
  expect(await say()).toContain("required option '--upstream <host:port...>' not specified");
});

test("--help shows defaults as one types them", () => {
  const help = createProgram(async () => {})
    .helpInformation()
    .replaceAll(/\s+/g, " ");
  expect(help).toContain("(default: localhost:9468)");
  expect(help).not.toMatch(/default: [{[]/);
});
