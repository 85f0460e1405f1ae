// The options of the command line, and their types.
import { expect, test } from "vitest";
import { type CommandOptions, createProgram } from "./cli.ts";

const noActions = { serve: async () => {}, check: async () => {} };

/** Returns the parsed options, or the error line. */
async function parse(...args: string[]): Promise<CommandOptions | string> {
  let parsed: CommandOptions | undefined;
  let error = "";
  const program = createProgram({
    serve: async (options) => {
      parsed = options;
    },
    check: async () => {},
  });
  program.exitOverride().configureOutput({ writeErr: (text) => (error += text) });
  await program.parseAsync(["--upstream", "localhost:1", ...args], { from: "user" }).catch(() => {});
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
  expect(await errorOf()).toContain("required option '--upstream <host:port...>' not specified");
});

test("--help shows defaults as they are typed", () => {
  const help = createProgram(noActions).helpInformation().replaceAll(/\s+/g, " ");
  expect(help).toContain("(default: localhost:9468)");
  expect(help).not.toMatch(/default: [{[]/);
});
