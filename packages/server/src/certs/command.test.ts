import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Command, CommanderError } from "commander";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { createProgram } from "../cli.ts";
import { createCertificates } from "./create.ts";

// Generating RSA keys can take seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

/** Runs a command line as the process does. */
async function run(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string; readonly status: number }> {
  let stdout = "";
  let stderr = "";
  const program = createProgram({ name: "x", topics: [{ name: "x", summary: "", listeners: [], services: () => [] }] }, async () => {
    throw new Error("it serves");
  });
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  for (const command of all(program)) {
    command.exitOverride().configureOutput({
      ...command.configureOutput(),
      writeOut: (text) => {
        stdout += text;
      },
      writeErr: (text) => {
        stderr += text;
      },
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return { stdout, stderr, status: 0 };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { stdout, stderr, status: error.exitCode };
  }
}

const error = /^error: [^\n]+\n$/;

test("certs makes a set and prints its expiry; the second run keeps it, with status 0", async () => {
  const dir = join(await temporaryFolder(), "certs");
  const first = await run("certs", "--certs", dir, "--san", "box.test", "10.0.0.7", "--san", "::2", "--days", "90");
  expect(first).toMatchObject({ stderr: "", status: 0 });
  expect(first.stdout).toMatch(
    /: made a CA, a server certificate and a client certificate, valid until \d{4}-\d\d-\d\d [\d:]+ UTC \(in 90 days\)\n/,
  );
  expect(first.stdout).toContain("grpcstudy.com, *.grpcstudy.com, localhost, 127.0.0.1, ::1, box.test, 10.0.0.7, ::2\n");

  const before = await readFile(join(dir, "server.pem"), "utf8");
  const second = await run("certs", "--certs", dir);
  expect(second).toMatchObject({
    stderr: "",
    status: 0,
    stdout: expect.stringMatching(/: the certificates are up to date, valid until .*--renew or --force/),
  });
  expect(await readFile(join(dir, "server.pem"), "utf8")).toBe(before);
});

test("certs show prints subject, names, issuer, expiry and fingerprint, and no secret, wherever --certs stands", async () => {
  const dir = await temporaryFolder();
  const { set } = await createCertificates({ dir });
  const shown = await run("certs", "show", "--certs", dir);
  expect(shown).toMatchObject({ stderr: "", status: 0 });
  for (const { subject, issuer, names, fingerprint } of set.certificates) {
    for (const text of [subject, issuer, names.join(", "), fingerprint]) expect(shown.stdout).toContain(text);
  }
  expect(shown.stdout.match(/expires/g)).toHaveLength(3);
  expect(shown.stdout).not.toMatch(/PRIVATE|BEGIN/);
  expect(await run("certs", "--certs", dir, "show")).toEqual(shown);

  const json = await run("certs", "show", "--certs", dir, "--json");
  expect(JSON.parse(json.stdout)).toEqual(JSON.parse(JSON.stringify(set)));
});

test("certs --renew and --force replace a valid set", async () => {
  const dir = await temporaryFolder();
  await createCertificates({ dir });
  const ca = () => readFile(join(dir, "ca.pem"), "utf8");
  const first = await ca();
  expect(await run("certs", "--certs", dir, "--renew")).toMatchObject({ status: 0, stdout: expect.stringContaining("renewed") });
  expect(await ca()).toBe(first);
  expect(await run("certs", "--certs", dir, "--force")).toMatchObject({ status: 0, stdout: expect.stringContaining("made a CA") });
  expect(await ca()).not.toBe(first);
});

test("a certificate that expires soon causes a warning on stderr with the command to type", async () => {
  const dir = await temporaryFolder();
  await createCertificates({ dir, days: 10 });
  for (const command of [["certs"], ["certs", "show"]]) {
    const { stderr, status } = await run(...command, "--certs", dir);
    expect(stderr).toBe(`warning: server.pem expires in 10 days; \`npx -y pnpm@12 certs --certs ${dir} --renew\`\n`);
    expect(status).toBe(0);
  }
});

test("certs show fails with status 1 for an absent, broken or expired set, and prints what it has", async () => {
  const dir = await temporaryFolder();
  expect(await run("certs", "show", "--certs", dir)).toEqual({
    stdout: "",
    stderr: `error: ${dir}: there are no certificates; \`npx -y pnpm@12 certs --certs ${dir}\` makes them\n`,
    status: 1,
  });
  await createCertificates({ dir, days: 1, notBefore: new Date("2026-01-01T00:00:00Z") });
  const expired = await run("certs", "show", "--certs", dir);
  expect(expired).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: .*server\.pem expired on 2026-01-02/) });
  expect(expired.stdout).toContain("days ago)");

  await rm(join(dir, "ca.pem"));
  expect(await run("certs", "show", "--certs", dir)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining("server.pem"),
    stderr: expect.stringMatching(error),
  });
});

test.each([
  { args: ["--san", "*grpcstudy.com"], says: "as in *.example.com" },
  { args: ["--san", "a b"], says: "neither a DNS name" },
  { args: ["--san"], says: "argument missing" },
  { args: ["--days", "0"], says: "from 1 to 36500" },
  { args: ["--days", "36501"], says: "from 1 to 36500" },
  { args: ["--days", "1.5"], says: "from 1 to 36500" },
  { args: ["--certs", ""], says: "the path of a folder" },
  { args: ["--nope"], says: "unknown option" },
  { args: ["nope"], says: "unknown command 'certs nope'" },
  { args: ["shwo\u009b31m", "x"], says: "unknown command 'certs shwo\\u009b31m'" },
])("certs $args fails with one line on stderr and status 1, and makes no files", async ({ args, says }) => {
  const dir = await temporaryFolder();
  const outcome = await run("certs", "--certs", dir, ...args);
  expect(outcome).toMatchObject({ stdout: "", stderr: expect.stringContaining(says), status: 1 });
  expect(outcome.stderr).toMatch(error);
  expect(await readdir(dir)).toEqual([]);
});

test("the help of the program lists certs, and the help of certs lists its options", async () => {
  expect((await run("--help")).stdout).toContain("certs show");
  const { stdout } = await run("certs", "--help");
  for (const word of ["--certs", "--san", "--days", "--renew", "--force", "show"]) expect(stdout).toContain(word);
});
