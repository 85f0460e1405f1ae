// Reads the certificates of a folder and reports their problems.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type FileName, fileNames, type Role, roles } from "./folder.ts";
import { settle } from "./install.ts";
import { normalizeAddress } from "./names.ts";

/** The content of a certificate. */
export interface CertificateInfo {
  readonly role: Role;
  /** The path of the file. */
  readonly file: string;
  readonly subject: string;
  readonly issuer: string;
  /** The DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** For example `RSA 2048` or `EC secp384r1`. */
  readonly key: string;
  readonly serialNumber: string;
  /** SHA-256 of the certificate in OpenSSL's format. */
  readonly fingerprint: string;
}

/** The content of a folder. */
export interface CertificateSet {
  /** The absolute path. */
  readonly dir: string;
  /**
   * `absent`: the folder has no file of a set. `expired`: expiry is the only problem. `broken`:
   * there are other problems.
   */
  readonly state: "absent" | "valid" | "expired" | "broken";
  /** The problems, one clause each. */
  readonly problems: readonly string[];
  /** The certificates that could be read, in the order CA, server, client. */
  readonly certificates: readonly CertificateInfo[];
}

export interface ReadOptions {
  /** The roles whose files are checked. Default: all. */
  readonly of?: readonly Role[];
  /** The time of the check. Default: now. */
  readonly at?: Date;
}

/** Reads a folder. Problems of its content are returned, not thrown. */
export async function readCertificates(dir: string, { of = roles, at = new Date() }: ReadOptions = {}): Promise<CertificateSet> {
  const folder = resolve(dir);
  const settled = () => settle(folder).catch(() => {}); // `inspect` reports files that cannot be accessed.
  await settled();
  const set = inspect(folder, of, at);
  if (set.state !== "broken") return set;
  // Another process may have been changing the folder.
  await settled();
  return inspect(folder, of, at);
}

type Broken = (problem: string) => undefined;

function inspect(dir: string, of: readonly Role[], at: Date): CertificateSet {
  const broken: string[] = [];
  const expired: string[] = [];
  const noteBroken: Broken = (problem) => void broken.push(problem);

  const contents = new Map(fileNames.map((name) => [name, readContent(join(dir, name))]));
  if (![...contents.values()].some((content) => content !== undefined)) return { dir, state: "absent", problems: [], certificates: [] };

  const chains = new Map(
    roles.map((role) => [role, parseChain(`${role}.pem`, contents, of.includes(role) ? noteBroken : () => undefined)]),
  );
  const certificates = roles.flatMap((role) => {
    const [certificate] = chains.get(role) ?? [];
    return certificate === undefined ? [] : [describe(role, join(dir, `${role}.pem`), certificate)];
  });

  const authorities = chains.get("ca") ?? [];
  for (const role of of) {
    const [certificate, ...rest] = chains.get(role) ?? [];
    if (certificate === undefined) continue;
    if (role === "ca" && !certificate.ca) noteBroken("ca.pem is not the certificate of a CA");
    if (role !== "ca" && authorities.length > 0 && !isIssuedBy(certificate, rest, authorities)) {
      noteBroken(`${role}.pem is not signed by the CA in ca.pem`);
    }
    // Only signing needs the key of the CA, so it may be missing.
    if (role !== "ca" || contents.get("ca.key") !== undefined) checkKey(role, certificate, contents, noteBroken);
    if (at < certificate.validFromDate) noteBroken(`${role}.pem is not valid before ${certificate.validFromDate.toISOString()}`);
    if (at > certificate.validToDate) expired.push(`${role}.pem expired on ${certificate.validToDate.toISOString()}`);
  }
  const state = broken.length > 0 ? "broken" : expired.length > 0 ? "expired" : "valid";
  return { dir, state, problems: [...broken, ...expired], certificates };
}

/**
 * Returns the text of a file, `undefined` if it does not exist, or the error if it cannot be read.
 */
function readContent(path: string): string | Error | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR") ? undefined : error;
  }
}

function usableContent(
  name: FileName,
  contents: ReadonlyMap<FileName, string | Error | undefined>,
  noteBroken: Broken,
): string | undefined {
  const content = contents.get(name);
  if (content === undefined) return noteBroken(`${name} is missing`);
  // For example `EACCES: permission denied, open '…'`.
  if (content instanceof Error) return noteBroken(`${name} cannot be read (${content.message.replace(/,[^,]*$/, "")})`);
  return content;
}

/** Parses a certificate and its intermediates, or several CAs. */
function parseChain(
  name: `${Role}.pem`,
  contents: ReadonlyMap<FileName, string | Error | undefined>,
  noteBroken: Broken,
): readonly X509Certificate[] {
  const content = usableContent(name, contents, noteBroken);
  if (content === undefined) return [];
  try {
    const blocks = content.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
    if (blocks.length === 0) noteBroken(`${name} contains no certificate in PEM`);
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    noteBroken(`${name} contains a malformed certificate`);
    return [];
  }
}

function isIssuedBy(leaf: X509Certificate, between: readonly X509Certificate[], authorities: readonly X509Certificate[]): boolean {
  const isIssuer = (issuer: X509Certificate) => leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
  if (authorities.some(isIssuer)) return true;
  const next = between.find(isIssuer);
  const rest = between.filter((certificate) => certificate !== next);
  return next !== undefined && isIssuedBy(next, rest, authorities);
}

function checkKey(
  role: Role,
  certificate: X509Certificate,
  contents: ReadonlyMap<FileName, string | Error | undefined>,
  noteBroken: Broken,
): void {
  const name = `${role}.key` as const;
  const content = usableContent(name, contents, noteBroken);
  if (content === undefined) return;
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(content))) noteBroken(`${name} is not the key of ${role}.pem`);
  } catch {
    // OpenSSL's reason is unhelpful and may quote the key.
    noteBroken(`${name} is not a private key in PEM without a passphrase`);
  }
}

function describe(role: Role, file: string, certificate: X509Certificate): CertificateInfo {
  const { asymmetricKeyType: type = "", asymmetricKeyDetails: details } = certificate.publicKey;
  return {
    role,
    file,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: parseNames(certificate.subjectAltName),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    key: [type.toUpperCase(), details?.modulusLength ?? details?.namedCurve].join(" ").trim(),
    serialNumber: certificate.serialNumber,
    fingerprint: certificate.fingerprint256,
  };
}

/** Joins the lines of a name: Node returns one for each part. */
function oneLine(name: string | undefined): string {
  return (name ?? "").trim().replaceAll("\n", ", ");
}

/** Parses Node's format: `DNS:localhost, IP Address:127.0.0.1`. */
function parseNames(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? "").split(", ").flatMap((entry) => {
    const [, type, value = ""] = /^(DNS|IP Address):(.*)$/.exec(entry) ?? [];
    if (type === undefined) return [];
    return [type === "DNS" ? value : normalizeAddress(value)];
  });
}
