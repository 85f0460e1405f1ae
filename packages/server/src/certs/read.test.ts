import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { createCertificates } from "./create.ts";
import { ensureCertificates } from "./ensure.ts";
import { CertificatesError } from "./error.ts";
import { readCertificates } from "./read.ts";

// Generating RSA keys can take seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let made: string;
let other: string;
beforeAll(async () => {
  const parent = await mkdtemp(join(tmpdir(), "grpc-study-"));
  [made, other] = [join(parent, "made"), join(parent, "other")];
  await Promise.all([createCertificates({ dir: made }), createCertificates({ dir: other })]);
  return () => rm(parent, { recursive: true });
});

async function copy(): Promise<string> {
  const dir = await temporaryFolder();
  await cp(made, dir, { recursive: true });
  return dir;
}

const take = (name: string) => (dir: string) => copyFile(join(other, name), join(dir, name));
const write = (name: string, content: string) => (dir: string) => writeFile(join(dir, name), content);
const remove = (name: string) => (dir: string) => rm(join(dir, name));

const faults = [
  { change: remove("server.key"), problem: "server.key is missing" },
  { change: remove("server.pem"), problem: "server.pem is missing" },
  { change: remove("ca.pem"), problem: "ca.pem is missing" },
  { change: take("server.key"), problem: "server.key is not the key of server.pem" },
  { change: take("ca.pem"), problem: "server.pem is not signed by the CA in ca.pem" },
  { change: take("ca.key"), problem: "ca.key is not the key of ca.pem" },
  { change: write("server.pem", ""), problem: "server.pem contains no certificate in PEM" },
  {
    change: write("server.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    problem: "server.pem contains a malformed certificate",
  },
  { change: write("server.key", "secret"), problem: "server.key is not a private key in PEM without a passphrase" },
  { change: (dir: string) => cp(join(dir, "server.pem"), join(dir, "ca.pem")), problem: "ca.pem is not the certificate of a CA" },
  {
    change: async (dir: string) => {
      await rm(join(dir, "server.key"));
      await mkdir(join(dir, "server.key"));
    },
    problem: "server.key cannot be read (EISDIR: illegal operation on a directory)",
  },
];

test.each(faults)("a set is broken if $problem, and a server reports it with the command to type", async ({ change, problem }) => {
  const dir = await copy();
  await change(dir);
  const set = await readCertificates(dir);
  expect(set.state).toBe("broken");
  expect(set.problems).toContain(problem);

  const ensuring = ensureCertificates(dir);
  await expect(ensuring).rejects.toThrow(CertificatesError);
  await expect(ensuring).rejects.toThrow(problem);
  await expect(ensuring).rejects.toThrow(/^[^\n]*; `npx -y pnpm@12 certs .*--force` replaces everything$/);
  await expect(ensuring).rejects.not.toThrow("secret");
});

test("a server needs no client files", async () => {
  const dir = await copy();
  await Promise.all(["client.pem", "client.key", "ca.key"].map((name) => rm(join(dir, name))));
  expect(await readCertificates(dir)).toMatchObject({ state: "broken", problems: ["client.pem is missing"] });
  expect(await ensureCertificates(dir)).toMatchObject({ made: false, set: { state: "valid", problems: [] } });
});

test("a set is absent if the folder is missing or has no file of it", async () => {
  const dir = await temporaryFolder();
  for (const each of [dir, join(dir, "none")]) {
    expect(await readCertificates(each)).toEqual({ dir: each, state: "absent", problems: [], certificates: [] });
  }
});

test("a set is expired after its validity, and broken before it", async () => {
  const year = 365 * 24 * 60 * 60 * 1000;
  const at = (years: number) => readCertificates(made, { at: new Date(Date.now() + years * year) });
  expect(await at(0)).toMatchObject({ state: "valid" });
  expect(await at(3)).toMatchObject({
    state: "expired",
    problems: [/^server\.pem expired on /, /^client\.pem /].map((text) => expect.stringMatching(text)),
  });
  expect(await at(-1)).toMatchObject({
    state: "broken",
    problems: expect.arrayContaining([expect.stringContaining("is not valid before")]),
  });
});

test("a server makes a missing set once", async () => {
  const dir = join(await temporaryFolder(), "certs");
  const first = await ensureCertificates(dir);
  expect(first).toMatchObject({ made: true, set: { dir, state: "valid" } });
  expect(await ensureCertificates(dir)).toEqual({ made: false, set: first.set });
});

test("a server does not renew an expired set, and the error has the command to type", async () => {
  const dir = await temporaryFolder();
  await createCertificates({ dir, days: 1, notBefore: new Date("2026-01-01T00:00:00Z") });
  const before = await readFile(join(dir, "server.pem"), "utf8");
  await expect(ensureCertificates(dir)).rejects.toThrow(
    /server\.pem expired on 2026-01-02T00:00:00\.000Z; `npx -y pnpm@12 certs --certs [^ ]+` renews it$/,
  );
  expect(await readFile(join(dir, "server.pem"), "utf8")).toBe(before);
});
