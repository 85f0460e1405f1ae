// Reads a folder's certificates, and says what is wrong with them.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type FileName, fileNames, type Role, roles } from "./folder.ts";
import { settle } from "./install.ts";
import { normalizeAddress } from "./names.ts";

/** What a certificate says. */
export interface CertificateInfo {
  readonly role: Role;
  /** Its path. */
  readonly file: string;
  readonly subject: string;
  readonly issuer: string;
  /** Its DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** As in `RSA 2048` or `EC secp384r1`. */
  readonly key: string;
  readonly serialNumber: string;
  /** SHA-256 of the certificate, as OpenSSL writes it. */
  readonly fingerprint: string;
}

/** What is in a folder. */
export interface CertificateSet {
  /** Absolute. */
  readonly dir: string;
  /** `absent`: no file of a set is there. `expired`: that is all that is wrong. `broken`: more is. */
  readonly state: "absent" | "valid" | "expired" | "broken";
  /** What is wrong, a clause each. */
  readonly problems: readonly string[];
  /** Those that could be read: the CA, the server, the client. */
  readonly certificates: readonly CertificateInfo[];
}

export interface ReadOptions {
  /** Whose files have to be there and fit together. Default all. */
  readonly of?: readonly Role[];
  /** Default now. */
  readonly at?: Date;
}

/** Reads a folder. Never throws for what is in it. */
export async function readCertificates(dir: string, { of = roles, at = new Date() }: ReadOptions = {}): Promise<CertificateSet> {
  const folder = resolve(dir);
  const settled = () => settle(folder).catch(() => {}); // What cannot be accessed is noticed when it is read.
  await settled();
  const set = inspect(folder, of, at);
  if (set.state !== "broken") return set;
  // It may have been in the middle of a change.
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
    // A CA's key is needed only to sign: a folder may well be without.
    if (role !== "ca" || contents.get("ca.key") !== undefined) checkKey(role, certificate, contents, noteBroken);
    if (at < certificate.validFromDate) noteBroken(`${role}.pem is not valid before ${certificate.validFromDate.toISOString()}`);
    if (at > certificate.validToDate) expired.push(`${role}.pem expired on ${certificate.validToDate.toISOString()}`);
  }
  const state = broken.length > 0 ? "broken" : expired.length > 0 ? "expired" : "valid";
  return { dir, state, problems: [...broken, ...expired], certificates };
}

/** A file's text; undefined if there is none, and the error if it cannot be read. */
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
  // As in `EACCES: permission denied, open '…'`.
  if (content instanceof Error) return noteBroken(`${name} cannot be read (${content.message.replace(/,[^,]*$/, "")})`);
  return content;
}

/** A certificate, and those between it and its CA, or further CAs. */
function parseChain(
  name: `${Role}.pem`,
  contents: ReadonlyMap<FileName, string | Error | undefined>,
  noteBroken: Broken,
): readonly X509Certificate[] {
  const content = usableContent(name, contents, noteBroken);
  if (content === undefined) return [];
  try {
    const blocks = content.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
    if (blocks.length === 0) noteBroken(`${name} has no certificate in PEM`);
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    noteBroken(`${name} is not a certificate that can be parsed`);
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
    // OpenSSL's reason says nothing to a reader, and may quote what should not be quoted.
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

/** Node has a line for each part of a name. */
function oneLine(name: string | undefined): string {
  return (name ?? "").trim().replaceAll("\n", ", ");
}

/** As in `DNS:localhost, IP Address:127.0.0.1`. */
function parseNames(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? "").split(", ").flatMap((entry) => {
    const [, type, value = ""] = /^(DNS|IP Address):(.*)$/.exec(entry) ?? [];
    if (type === undefined) return [];
    return [type === "DNS" ? value : normalizeAddress(value)];
  });
}
