import { execFile, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { createCertificates } from "./create.ts";
import { CertificatesError } from "./error.ts";
import { fileNames } from "./folder.ts";
import { defaultNames } from "./names.ts";
import type { CertificateSet } from "./read.ts";

// Generating RSA keys can take seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const run = promisify(execFile);
const dayMs = 24 * 60 * 60 * 1000;
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs);

async function allOf(dir: string): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(fileNames.map(async (name) => [name, await readFile(join(dir, name), "utf8")])));
}

function leaf(set: CertificateSet, role: "ca" | "server" | "client") {
  const certificate = set.certificates.find((each) => each.role === role);
  if (certificate === undefined) throw new Error(`no ${role}`);
  return certificate;
}

// Made once. A test that changes it copies it first.
let made: string;
beforeAll(async () => {
  made = join(await mkdtemp(join(tmpdir(), "grpc-study-")), "certs");
  await createCertificates({ dir: made, sans: ["box.test", "10.0.0.7", "LOCALHOST"] });
  return () => rm(join(made, ".."), { recursive: true });
});

async function copy(): Promise<string> {
  const dir = join(await temporaryFolder(), "certs");
  await cp(made, dir, { recursive: true });
  return dir;
}

test("a set has a CA with a unique name, a server certificate for all names, and a client certificate on P-384", async () => {
  const { action, set } = await createCertificates({ dir: made });
  expect(action).toBe("kept");
  expect(set).toMatchObject({ state: "valid", problems: [] });
  const [ca, server, client] = set.certificates;
  expect(ca).toMatchObject({ role: "ca", subject: ca?.issuer, names: [], key: "RSA 2048" });
  expect(server).toMatchObject({ issuer: ca?.subject, key: "RSA 2048", names: [...defaultNames, "box.test", "10.0.0.7"] });
  expect(client).toMatchObject({ issuer: ca?.subject, key: "EC secp384r1", names: [] });
  expect(new Set([ca?.subject, server?.subject, client?.subject]).size).toBe(3);
});

test("only their owner can read the folder and the keys; the keys are PKCS#8; the folder has no other files", async () => {
  expect((await readdir(made)).sort()).toEqual([...fileNames].sort());
  expect((await stat(made)).mode & 0o777).toBe(0o700);
  for (const name of ["ca.key", "server.key", "client.key"]) {
    expect((await stat(join(made, name))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(made, name), "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  }
});

test("certificates are valid from five minutes ago: server and client for 825 days, the CA for 3650", async () => {
  const { set } = await createCertificates({ dir: made });
  const days = set.certificates.map(({ notBefore, notAfter }) => (notAfter.getTime() - notBefore.getTime()) / dayMs);
  expect(days).toEqual([3650, 825, 825]);
  const agoMs = Date.now() - leaf(set, "server").notBefore.getTime();
  expect(agoMs).toBeGreaterThan(4 * 60 * 1000);
  expect(agoMs).toBeLessThan(10 * 60 * 1000);
});

test("days and notBefore can be set, up to the tutorial's hundred years", async () => {
  const dir = await temporaryFolder();
  const notBefore = new Date("2026-01-01T00:00:00Z");
  const { set } = await createCertificates({ dir, days: 36500, notBefore });
  const end = new Date(notBefore.getTime() + 36500 * dayMs);
  expect(set.state).toBe("valid");
  expect(set.certificates.map(({ notAfter }) => notAfter)).toEqual([end, end, end]);
});

test.each([0, -1, Number.NaN, 1e9])("%d days are an error", async (days) => {
  await expect(createCertificates({ dir: await temporaryFolder(), days })).rejects.toThrow(CertificatesError);
});

test("a valid set is kept", async () => {
  const before = await allOf(made);
  expect(await createCertificates({ dir: made, sans: ["box.test"] })).toMatchObject({ action: "kept" });
  expect(await allOf(made)).toEqual(before);
});

test("a valid set without a requested name is kept, and the error has the command to type", async () => {
  const before = await allOf(made);
  const creating = createCertificates({ dir: made, sans: ["box.test", "other.test"] });
  await expect(creating).rejects.toThrow(
    `server.pem does not cover other.test; \`npx -y pnpm@12 certs --certs ${made} --san "other.test" --renew\``,
  );
  expect(await allOf(made)).toEqual(before);
});

test("force replaces everything", async () => {
  const dir = await copy();
  const before = await allOf(dir);
  expect(await createCertificates({ dir, force: true })).toMatchObject({ action: "made", set: { state: "valid" } });
  const after = await allOf(dir);
  for (const name of fileNames) expect(after[name]).not.toBe(before[name]);
});

test("renew issues server and client certificates by the same CA, with the same keys, for the same and new names", async () => {
  const dir = await copy();
  const before = await allOf(dir);
  const { action, set } = await createCertificates({ dir, renew: true, sans: ["other.test"] });
  expect(action).toBe("renewed");
  expect(set.state).toBe("valid");
  expect(leaf(set, "server").names).toEqual([...defaultNames, "box.test", "10.0.0.7", "other.test"]);
  const after = await allOf(dir);
  expect(fileNames.filter((name) => after[name] !== before[name])).toEqual(["server.pem", "client.pem"]);
});

test("an expired set is renewed, and no certificate outlives the CA", async () => {
  const dir = await temporaryFolder();
  const { set: expired } = await createCertificates({ dir, days: 5, caDays: 100, notBefore: daysAgo(10) });
  expect(expired).toMatchObject({ state: "expired", problems: [/server/, /client/].map((role) => expect.stringMatching(role)) });
  const { action, set } = await createCertificates({ dir });
  expect(action).toBe("renewed");
  expect(set.state).toBe("valid");
  expect(leaf(set, "ca")).toEqual(leaf(expired, "ca"));
  expect(leaf(set, "server").notAfter).toEqual(leaf(set, "ca").notAfter);
});

test("a set whose CA has expired, or has no key, is replaced only with force", async () => {
  const dir = await temporaryFolder();
  await createCertificates({ dir, days: 5, caDays: 5, notBefore: daysAgo(10) });
  await expect(createCertificates({ dir })).rejects.toThrow(/the CA has expired; `npx -y pnpm@12 certs .* --force` replaces everything$/);
  expect(await createCertificates({ dir, force: true })).toMatchObject({ action: "made", set: { state: "valid" } });

  await rm(join(dir, "ca.key"));
  expect(await createCertificates({ dir })).toMatchObject({ action: "kept" });
  await expect(createCertificates({ dir, renew: true })).rejects.toThrow(/ca\.key is missing; `npx -y pnpm@12 certs .* --force`/);
});

test("a broken set is kept, and the error has the command to type", async () => {
  const dir = await copy();
  await rm(join(dir, "server.key"));
  await expect(createCertificates({ dir })).rejects.toThrow(
    /server\.key is missing; `npx -y pnpm@12 certs .* --force` replaces everything$/,
  );
  await expect(stat(join(dir, "server.key"))).rejects.toThrow("ENOENT");
});

test("a folder that cannot be created is an error of one line", async () => {
  const dir = await temporaryFolder();
  await writeFile(join(dir, "file"), "");
  const creating = createCertificates({ dir: join(dir, "file") });
  await expect(creating).rejects.toThrow(CertificatesError);
  await expect(creating).rejects.toThrow(/certificates cannot be written \([^\n]+\)$/);
});

test("of concurrent calls, one makes the set and the others keep it", async () => {
  const dir = join(await temporaryFolder(), "certs");
  const created = await Promise.all(Array.from({ length: 3 }, () => createCertificates({ dir })));
  expect(created.map(({ action }) => action).sort()).toEqual(["kept", "kept", "made"]);
  expect(new Set(created.map(({ set }) => JSON.stringify(set))).size).toBe(1);
});

test("concurrent processes agree on one valid set", async () => {
  const dir = join(await temporaryFolder(), "certs");
  await mkdir(dir);
  await writeFile(join(dir, "notes"), "mine");
  const code = `
    const { ensureCertificates } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    console.log(JSON.stringify(await ensureCertificates(${JSON.stringify(dir)})));`;
  const processes = Array.from({ length: 3 }, () => run(process.execPath, ["--input-type=module", "--eval", code]));
  const results: { made: boolean; set: CertificateSet }[] = (await Promise.all(processes)).map(({ stdout }) => JSON.parse(stdout));
  expect(results.filter((result) => result.made)).toHaveLength(1);
  expect(new Set(results.map(({ set }) => JSON.stringify(set))).size).toBe(1);
  expect(results[0]?.set.state).toBe("valid");
  expect((await readdir(dir)).sort()).toEqual([...fileNames, "notes"].sort());
});

test("concurrent renew and force leave a consistent set", async () => {
  const dir = await copy();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 4 }, (_, index) => createCertificates({ dir, renew: index % 2 === 0, force: index % 2 === 1 })),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(CertificatesError);
  expect(await createCertificates({ dir })).toMatchObject({ action: "kept", set: { state: "valid" } });
});

test("serial numbers are positive and have at most 20 octets", () => {
  for (const name of ["ca.pem", "server.pem", "client.pem"]) {
    expect(new X509Certificate(readFileSync(join(made, name))).serialNumber).toMatch(/^(?!0*$)[0-9A-F]{2,40}$/);
  }
});

const openssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!openssl)("OpenSSL, if it is installed,", () => {
  const verify = (...args: string[]) => run("openssl", ["verify", "-x509_strict", "-CAfile", join(made, "ca.pem"), ...args]);

  test.each([
    { file: "ca.pem", args: [] },
    { file: "server.pem", args: ["-purpose", "sslserver"] },
    { file: "client.pem", args: ["-purpose", "sslclient"] },
    ...["grpcstudy.com", "foo.grpcstudy.com", "localhost", "box.test"].map((name) => ({
      file: "server.pem",
      args: ["-verify_hostname", name],
    })),
    ...["127.0.0.1", "::1", "10.0.0.7"].map((address) => ({ file: "server.pem", args: ["-verify_ip", address] })),
  ])("accepts $file, strictly, with $args", async ({ file, args }) => {
    expect((await verify(...args, join(made, file))).stdout).toContain(": OK");
  });

  test.each([
    { file: "server.pem", args: ["-purpose", "sslclient"] },
    { file: "client.pem", args: ["-purpose", "sslserver"] },
    { file: "server.pem", args: ["-verify_hostname", "a.b.grpcstudy.com"] },
    { file: "server.pem", args: ["-verify_ip", "10.0.0.8"] },
  ])("refuses $file with $args", async ({ file, args }) => {
    await expect(verify(...args, join(made, file))).rejects.toThrow();
  });

  test("finds the extensions that RFC 5280 requires", async () => {
    const text = async (file: string) =>
      (await run("openssl", ["x509", "-in", join(made, file), "-noout", "-text"])).stdout.replaceAll(/\s+/g, " ");
    expect(await text("ca.pem")).toMatch(
      /Version: 3 .*Constraints: critical CA:TRUE.*Key Usage: critical Certificate Sign, CRL Sign.*Subject Key/,
    );
    for (const [file, usage] of [
      ["server.pem", "Server"],
      ["client.pem", "Client"],
    ] as const) {
      const found = await text(file);
      expect(found).toMatch(/Version: 3 .*Basic Constraints: critical CA:FALSE/);
      expect(found).toContain("Key Usage: critical Digital Signature");
      expect(found).toContain(`Extended Key Usage: TLS Web ${usage} Authentication`);
      expect(found).toContain("X509v3 Authority Key Identifier");
      expect(found).toContain("X509v3 Subject Key Identifier");
    }
  });

  test("accepts certificates that its own CA has renewed", async () => {
    const dir = await copy();
    const [key, ca, server] = ["ca.key", "ca.pem", "server.pem"].map((name) => join(dir, name));
    if (key === undefined || ca === undefined || server === undefined) throw new Error("unreachable");
    const subject = ["-subj", "/C=cn/O=mycomp/CN=localhost"];
    await run("openssl", ["req", "-new", "-x509", "-days", "3650", "-key", key, "-out", ca, ...subject]);
    for (const name of ["server", "client"]) {
      const [leafKey, request] = [join(dir, `${name}.key`), join(dir, `${name}.csr`)];
      await run("openssl", ["req", "-new", "-key", leafKey, "-out", request, "-subj", `/O=mycomp/CN=${name}`]);
      const signing = ["-CA", ca, "-CAkey", key, "-CAcreateserial", "-days", "30", "-in", request, "-out", join(dir, `${name}.pem`)];
      await run("openssl", ["x509", "-req", "-sha256", ...signing]);
    }
    expect(await createCertificates({ dir, renew: true })).toMatchObject({ action: "renewed", set: { state: "valid" } });
    expect((await run("openssl", ["verify", "-CAfile", ca, server])).stdout).toContain("OK");
  });
});
