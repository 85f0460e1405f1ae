// Makes and renews certificates.
import { createPrivateKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CertificatesError } from "./error.ts";
import { commandFor, fileNames } from "./folder.ts";
import { install } from "./install.ts";
import { defaultNames, parseName } from "./names.ts";
import { type CertificateSet, readCertificates } from "./read.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Certificates become valid a little earlier than now, for peers whose clocks are behind. */
const backdateMs = 5 * 60 * 1000;

/**
 * Days that server and client certificates are valid: the most that Apple's systems accept of a
 * server.
 */
export const defaultDays = 825;

/**
 * Days that the CA's certificate is valid: the tutorial's ten years. Longer if the certificates
 * that it signs are valid longer.
 */
const defaultCaDays = 3650;

export interface CreateOptions {
  /** The folder. It is created, readable only by its owner, if it does not exist. */
  readonly dir: string;
  /** DNS names and IP addresses of the server certificate, in addition to the default ones. */
  readonly sans?: readonly string[] | undefined;
  /** Days that the server and client certificates are valid, from `notBefore` on. Default: 825. */
  readonly days?: number | undefined;
  /** Days that the CA is valid. Default: 3650, or `days` if that is more. */
  readonly caDays?: number | undefined;
  /** The time from which the certificates are valid. Default: five minutes ago. */
  readonly notBefore?: Date | undefined;
  /**
   * Issues new server and client certificates by the same CA, with the same keys, for their names
   * and `sans`.
   */
  readonly renew?: boolean | undefined;
  /** Replaces everything, including the CA and the keys. */
  readonly force?: boolean | undefined;
}

export interface Created {
  /** `kept`: the folder had a valid set, which is unchanged. */
  readonly action: "made" | "renewed" | "kept";
  readonly set: CertificateSet;
}

/**
 * Ensures that a folder has a valid set: makes a missing one, renews an expired one whose CA is
 * still valid, and keeps a valid one unless `renew` or `force` is set. If several processes call it
 * at once, one makes the set, and the others keep it.
 *
 * @throws CertificatesError
 */
export async function createCertificates(options: CreateOptions): Promise<Created> {
  const dir = resolve(options.dir);
  const names = (options.sans ?? []).map(parseName);
  try {
    if (options.force) return await make(dir, names, options);
    const set = await readCertificates(dir);
    if (set.state === "absent") return await make(dir, names, options);
    if (set.state === "broken") {
      const all = commandFor(dir, "--force");
      throw new CertificatesError(`${dir}: ${set.problems.join("; ")}; \`${all}\` replaces everything`);
    }
    if (options.renew || set.state === "expired") return await renew(set, names, options);
    return keep(set, names);
  } catch (error) {
    // An error of the file system, such as `EACCES: permission denied, mkdir '…'`.
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new CertificatesError(`${dir}: certificates cannot be written (${error.message})`, { cause: error });
  }
}

/** @throws CertificatesError if the server certificate does not cover all names. */
function keep(set: CertificateSet, names: readonly string[]): Created {
  const server = set.certificates.find(({ role }) => role === "server");
  const lacking = names.filter((name) => !server?.names.includes(name));
  if (lacking.length === 0) return { action: "kept", set };
  const command = commandFor(set.dir, ...lacking.map((name) => `--san "${name}"`), "--renew");
  throw new CertificatesError(`${set.dir}: server.pem does not cover ${lacking.join(", ")}; \`${command}\` adds the name with the same CA`);
}

async function make(dir: string, names: readonly string[], options: CreateOptions): Promise<Created> {
  const { generateKey, issueCa, issueClient, issueServer } = await import("./issue.ts");
  const validity = validityOf(options);
  const caDays = options.caDays ?? Math.max(defaultCaDays, options.days ?? 0);
  const [caKey, serverKey, clientKey] = await Promise.all([generateKey("rsa"), generateKey("rsa"), generateKey("ec")]);
  const certificate = await issueCa(caKey, validityOf({ ...options, days: caDays }));
  const ca = { certificate, key: caKey };
  const pem = { type: "pkcs8", format: "pem" } as const;
  const files = {
    "ca.key": caKey.export(pem).toString(),
    "ca.pem": certificate,
    "server.key": serverKey.export(pem).toString(),
    "server.pem": await issueServer(ca, serverKey, [...new Set([...defaultNames, ...names])], validity),
    "client.key": clientKey.export(pem).toString(),
    "client.pem": await issueClient(ca, clientKey, validity),
  };
  const isThere = () => !options.force && fileNames.some((name) => existsSync(join(dir, name)));
  if (await install(dir, files, isThere)) return { action: "made", set: await readCertificates(dir) };
  // Another process was faster. `force` is not set, so the next call keeps or renews its set.
  return createCertificates(options);
}

async function renew(set: CertificateSet, names: readonly string[], options: CreateOptions): Promise<Created> {
  const { dir, certificates } = set;
  const [ca, server] = certificates;
  const cannot = (why: string) => new CertificatesError(`${dir}: ${why}; \`${commandFor(dir, "--force")}\` replaces everything`);
  const path = (name: (typeof fileNames)[number]) => join(dir, name);

  if (ca === undefined || ca.notAfter < new Date()) throw cannot("the CA has expired");
  if (!existsSync(path("ca.key"))) throw cannot(`${set.problems[0] ?? "renewal needs the key of the CA"}, and ca.key is missing`);
  const issuer = { certificate: readFileSync(path("ca.pem"), "utf8"), key: createPrivateKey(readFileSync(path("ca.key"))) };
  if (issuer.key.asymmetricKeyType !== "rsa") throw cannot("its CA has no RSA key, so this command did not make it");

  const { issueClient, issueServer } = await import("./issue.ts");
  const keys = { server: readFileSync(path("server.key"), "utf8"), client: readFileSync(path("client.key"), "utf8") };
  const validity = validityOf(options, ca.notAfter);
  const allNames = [...new Set([...defaultNames, ...(server?.names ?? []), ...names])];
  const files = {
    "server.pem": await issueServer(issuer, createPrivateKey(keys.server), allNames, validity),
    "client.pem": await issueClient(issuer, createPrivateKey(keys.client), validity),
  };
  const hasChanged = () =>
    readFileSync(path("ca.pem"), "utf8") !== issuer.certificate ||
    readFileSync(path("server.key"), "utf8") !== keys.server ||
    readFileSync(path("client.key"), "utf8") !== keys.client;
  if (await install(dir, files, hasChanged)) return { action: "renewed", set: await readCertificates(dir) };
  throw new CertificatesError(`${dir}: another process has just replaced the certificates`);
}

/** @throws CertificatesError if `days` is out of range. */
function validityOf(
  { days = defaultDays, notBefore = new Date(Date.now() - backdateMs) }: Pick<CreateOptions, "days" | "notBefore">,
  atMost?: Date,
) {
  const notAfter = new Date(notBefore.getTime() + days * dayMs);
  // X.509 has four digits for the year.
  if (!(days > 0 && notAfter.getUTCFullYear() <= 9999)) throw new CertificatesError(`a certificate cannot be valid for ${days} days`);
  return { notBefore, notAfter: atMost !== undefined && atMost < notAfter ? atMost : notAfter };
}
