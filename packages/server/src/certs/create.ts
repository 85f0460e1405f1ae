// Makes certificates, and renews them.
import { createPrivateKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CertificatesError } from "./error.ts";
import { commandFor, fileNames } from "./folder.ts";
import { install } from "./install.ts";
import { defaultNames, parseName } from "./names.ts";
import { type CertificateSet, readCertificates } from "./read.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Clocks differ: a certificate that is valid from this moment on is not yet valid for somebody. */
const backdateMs = 5 * 60 * 1000;

/** How long a server's and a client's certificate is valid: as long as Apple's systems accept one for a server. */
export const defaultDays = 825;

/** How long a CA's certificate is valid, or as long as those it signs: the tutorial's ten years. */
const defaultCaDays = 3650;

export interface CreateOptions {
  /** Default: `defaultFolder()`. It is made, for its owner only, if it is not there. */
  readonly dir: string;
  /** DNS names and IP addresses for the server's certificate, besides the default ones. */
  readonly sans?: readonly string[] | undefined;
  /** How long the server's and the client's certificate are valid, from `notBefore` on. Default 825. */
  readonly days?: number | undefined;
  /** The same for the CA's. Default 3650, or `days` if those are more. */
  readonly caDays?: number | undefined;
  /** When they become valid, a past time for those that are to be expired. Default five minutes ago, since clocks differ. */
  readonly notBefore?: Date | undefined;
  /** Makes new certificates for the server and the client: of the same CA, with the same keys, and for the names they had and `sans`. */
  readonly renew?: boolean | undefined;
  /** Makes everything new, CA and keys too, whatever there is. */
  readonly force?: boolean | undefined;
}

export interface Created {
  /** `kept`: there was a valid set, and nothing has been changed. */
  readonly action: "made" | "renewed" | "kept";
  readonly set: CertificateSet;
}

/**
 * Sees to it that a folder has a valid set. Makes one if it has none; renews one that has expired and whose CA has not; leaves a valid one
 * as it is, unless `renew` or `force` says otherwise. Of several that do so at once, one makes the set, and the others keep it.
 *
 * @throws CertificatesError if it cannot, or must not.
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
      throw new CertificatesError(`${dir}: ${set.problems.join("; ")}; \`${all}\` makes everything new`);
    }
    if (options.renew || set.state === "expired") return await renew(set, names, options);
    return keep(set, names);
  } catch (error) {
    // As in `EACCES: permission denied, mkdir '…'`: of the file system.
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new CertificatesError(`${dir}: certificates cannot be written (${error.message})`, { cause: error });
  }
}

/** @throws CertificatesError if the server's certificate is not for all of the names. */
function keep(set: CertificateSet, names: readonly string[]): Created {
  const server = set.certificates.find(({ role }) => role === "server");
  const lacking = names.filter((name) => !server?.names.includes(name));
  if (lacking.length === 0) return { action: "kept", set };
  const command = commandFor(set.dir, ...lacking.map((name) => `--san "${name}"`), "--renew");
  throw new CertificatesError(
    `${set.dir}: server.pem is valid, but not for ${lacking.join(", ")}; \`${command}\` makes it so, with the same CA`,
  );
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
  // Somebody was faster. `force` is not set, so this is the last time.
  return createCertificates(options);
}

async function renew(set: CertificateSet, names: readonly string[], options: CreateOptions): Promise<Created> {
  const { dir, certificates } = set;
  const [ca, server] = certificates;
  const cannot = (why: string) => new CertificatesError(`${dir}: ${why}; \`${commandFor(dir, "--force")}\` makes everything new`);
  const path = (name: (typeof fileNames)[number]) => join(dir, name);

  if (ca === undefined || ca.notAfter < new Date()) throw cannot("the CA has expired");
  if (!existsSync(path("ca.key")))
    throw cannot(`${set.problems[0] ?? "it can be renewed only by its CA"}, and ca.key is not there to sign`);
  const issuer = { certificate: readFileSync(path("ca.pem"), "utf8"), key: createPrivateKey(readFileSync(path("ca.key"))) };
  if (issuer.key.asymmetricKeyType !== "rsa") throw cannot("its CA has no RSA key, so it was not made by this command");

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
  throw new CertificatesError(`${dir}: somebody else has made new certificates at this moment`);
}

/** @throws CertificatesError if there is no such time. */
function validityOf(
  { days = defaultDays, notBefore = new Date(Date.now() - backdateMs) }: Pick<CreateOptions, "days" | "notBefore">,
  atMost?: Date,
) {
  const notAfter = new Date(notBefore.getTime() + days * dayMs);
  // The format has four digits for the year.
  if (!(days > 0 && notAfter.getUTCFullYear() <= 9999)) throw new CertificatesError(`a certificate cannot be valid for ${days} days`);
  return { notBefore, notAfter: atMost !== undefined && atMost < notAfter ? atMost : notAfter };
}
