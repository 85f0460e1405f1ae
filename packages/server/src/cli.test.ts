import { CommanderError } from "commander";
import { expect, onTestFinished, test, vi } from "vitest";
import { createProgram, type ServeRequest } from "./cli.ts";
import { topics } from "./topics.ts";

/** Parses a command line. Returns the request, or what the command prints instead. */
async function parse(
  ...args: readonly string[]
): Promise<ServeRequest | { readonly stderr: string; readonly stdout: string; readonly exitCode: number }> {
  let request: ServeRequest | undefined;
  let stderr = "";
  let stdout = "";
  const program = createProgram({ name: "grpc-study-server", topics }, async (asked) => {
    request = asked;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      ...command.configureOutput(),
      writeErr: (text) => {
        stderr += text;
      },
      writeOut: (text) => {
        stdout += text;
      },
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { stderr, stdout, exitCode: error.exitCode };
  }
  if (request === undefined) throw new Error("the command neither served nor failed");
  return request;
}

test.each([{ args: [] }, { args: ["serve"] }])("$args serves all topics on loopback, on their own ports", async ({ args }) => {
  const request = await parse(...args);
  expect(request).toMatchObject({ topics, host: "localhost", logLevel: "info", certs: expect.stringMatching(/certs$/) });
  expect(request).not.toHaveProperty("port");
  expect(request).toMatchObject({ security: undefined });
});

test.each([{ args: ["serve", "streams", "chat"] }, { args: ["streams", "chat", "streams"] }])(
  "$args serves chat and streams, once each",
  async ({ args }) => {
    expect(await parse(...args)).toMatchObject({ topics: [{ name: "chat" }, { name: "streams" }] });
  },
);

test("--admin is a port of localhost, or an address, of a single process", async () => {
  expect(await parse("--admin", "9470")).toMatchObject({ admin: "localhost:9470" });
  expect(await parse("--admin", "0.0.0.0:9470")).toMatchObject({ admin: "0.0.0.0:9470" });
  expect(await parse("chat")).not.toHaveProperty("admin");
  expect(await parse("--admin", "x")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("It must be a port, host:port, or unix:/path."),
  });
  expect(await parse("--admin", "9470", "--workers", "2")).toMatchObject({
    exitCode: 1,
    stderr: "error: --admin shows one process, so it needs --workers 1\n",
  });
});

test("a front serves on loopback addresses alone, unless an option says so", async () => {
  const front = { name: "console", summary: "all topics", port: 9470, listen: () => Promise.reject(new Error("not called")) };
  const chosen = async (...args: readonly string[]) => {
    let request: ServeRequest | undefined;
    const program = createProgram({ name: "grpc-study-start", topics, front }, async (asked) => {
      request = asked;
    });
    await program.parseAsync(args, { from: "user" });
    return request?.front === front;
  };
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
    expect([host, await chosen("--host", host)]).toEqual([host, true]);
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "127.example.org", "example.org"]) {
    expect([host, await chosen("--host", host)]).toEqual([host, false]);
  }
  expect(await chosen("--no-console")).toBe(false);
  expect(await chosen("--console", "--host", "0.0.0.0")).toBe(true);
  // The server's own command has no front.
  expect(await parse("--console")).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("unknown option '--console'") });
});

test("options may stand before and after the topic", async () => {
  const expected = { topics: [{ name: "hello-stream" }], host: "0.0.0.0", port: 0, logLevel: "debug" };
  expect(await parse("hello-stream", "--port", "0", "--host", "0.0.0.0", "--log-level", "debug")).toMatchObject(expected);
  expect(await parse("--port=0", "--host=0.0.0.0", "--log-level=debug", "hello-stream")).toMatchObject(expected);
});

test.each([
  ["plain", "plaintext"],
  ["tls", "TLS"],
  ["mtls", "mutual TLS"],
  ["token", "token"],
  ["token+tls", "token over TLS"],
])("--security %s is %s", async (name, security) => {
  expect(await parse("chat", "--security", name)).toMatchObject({ security });
});

test("a certificate without a key, and a key without a certificate, are errors", async () => {
  const failure = { exitCode: 1, stderr: "error: --tls-cert and --tls-key must be given together\n" };
  expect(await parse("hello", "--tls-cert", "a.pem")).toMatchObject(failure);
  expect(await parse("hello", "--tls-key", "a.key")).toMatchObject(failure);
});

test.each(["::", "[::]"])("the host %s is the IPv6 address ::", async (host) => {
  expect(await parse("--host", host)).toMatchObject({ host: "::" });
});

test.each([
  { args: ["nope"], says: "unknown topic 'nope'" },
  { args: ["serve", "chat", "nope"], says: "unknown topic 'nope'" },
  { args: ["--nope"], says: "unknown option '--nope'" },
  { args: ["chat", "--prt", "1"], says: "Did you mean --port?" },
  { args: ["chat", "--port"], says: "argument missing" },
  { args: ["chat", "--port", "http"], says: "'http' is invalid" },
  { args: ["chat", "--port", "65536"], says: "'65536' is invalid" },
  { args: ["chat", "--port", "-1"], says: "'-1' is invalid" },
  { args: ["chat", "--port", "1.5"], says: "'1.5' is invalid" },
  { args: ["chat", "--port", ""], says: "'' is invalid" },
  { args: ["--port", "9000"], says: "--port needs a single topic, but 7 are selected" },
  { args: ["chat", "push", "--port", "9000"], says: "--port needs a single topic, but 2 are selected" },
  { args: ["--host", "localhost:9000"], says: "without a port" },
  { args: ["--host", ""], says: "'' is invalid" },
  { args: ["--log-level", "loud"], says: "Allowed choices are silent, fatal, error, warn, info, debug, trace" },
])("$args fails with one line on stderr and status 1", async ({ args, says }) => {
  const outcome = await parse(...args);
  expect(outcome).toMatchObject({ stderr: expect.stringContaining(says), stdout: "", exitCode: 1 });
  expect(outcome).toMatchObject({ stderr: expect.stringMatching(/^error: [^\n]+\n$/) });
});

test.each([{ args: ["--help"] }, { args: ["serve", "--help"] }])("$args prints every topic and option to stdout", async ({ args }) => {
  const outcome = await parse(...args);
  expect(outcome).toMatchObject({
    stdout: expect.stringMatching(/^Usage: grpc-study-server \[options\] \[topics\.\.\.\]\n/),
    stderr: "",
    exitCode: 0,
  });
  for (const word of [...topics.map(({ name }) => ` ${name} `), "--host", "--port", "--log-level"]) {
    expect(outcome).toMatchObject({ stdout: expect.stringContaining(word) });
  }
});

test("--database takes precedence over --data, and the workers of a topic with data need it", async () => {
  expect(await parse("shop", "--data", "here")).toMatchObject({ data: "here" });
  expect(await parse("shop", "--data", "memory")).toMatchObject({ data: "memory" });
  const url = "postgres://me:secret@localhost/shop";
  expect(await parse("shop", "--database", url, "--workers", "2")).toMatchObject({ database: url, workers: 2 });
  expect(await parse("chat", "--workers", "2")).toMatchObject({ workers: 2 });
  expect(await parse("--workers", "2")).toMatchObject({
    exitCode: 1,
    stderr: "error: --workers needs a PostgreSQL server for the data of shop: name one with --database or DATABASE_URL\n",
  });
});

test.each(["localhost:4222", "nats://me:secret@[", "nats://a:4222,http://me:secret@b", ""])(
  "the NATS servers %j are one line without the password",
  async (urls) => {
    const stderr = "error: --nats must be URLs such as nats://host:4222, separated by commas\n";
    expect(await parse("chat", "--nats", urls)).toMatchObject({ exitCode: 1, stderr });
  },
);

test("--nats takes servers of NATS", async () => {
  expect(await parse("chat", "--nats", "nats://a:4222,tls://me:secret@b", "--workers", "2")).toMatchObject({
    nats: "nats://a:4222,tls://me:secret@b",
  });
});

test.each(["mysql://me:secret@localhost/shop", "localhost", "postgres://me:secret@[", "postgres://me:secret%ff@localhost/shop", ""])(
  "the database %j is one line without the password",
  async (url) => {
    const stderr = "error: --database must be a URL such as postgres://user@host:5432/shop\n";
    expect(await parse("shop", "--database", url)).toMatchObject({ exitCode: 1, stderr });
  },
);

test.each([
  [["shop", "--data", ""], "--data must be a folder, or memory"],
  [["shop", "--data", "here", "--database", "postgres://localhost/shop"], "--data and --database exclude each other"],
  [["migrate", "--data", ""], "--data must be a folder, or memory"],
  [["migrate", "--data", "here", "--database", "postgres://localhost/shop"], "--data and --database exclude each other"],
  [["migrate", "--data", "memory"], "data in memory needs no migration: name a folder with --data, or a server with --database"],
])("%j is one line", async (args, problem) => {
  expect(await parse(...args)).toMatchObject({ exitCode: 1, stderr: `error: ${problem}\n` });
});

test("the variable DATABASE_URL names the database", async () => {
  vi.stubEnv("DATABASE_URL", "postgres://localhost/shop");
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await parse("shop")).toMatchObject({ database: "postgres://localhost/shop" });
  vi.stubEnv("DATABASE_URL", "secret");
  expect(await parse("shop")).toMatchObject({
    exitCode: 1,
    stderr: "error: DATABASE_URL must be a URL such as postgres://user@host:5432/shop\n",
  });
});
