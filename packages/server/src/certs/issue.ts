// Makes keys and certificates: X.509 version 3, with the extensions that RFC 5280 requires. Loading
// takes time, so import it on demand.
import "reflect-metadata"; // Required by @peculiar/x509, before it.
import { createPublicKey, generateKeyPair, type KeyObject, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { promisify } from "node:util";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const signingAlgorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

const generate = promisify(generateKeyPair);

/** Generates an RSA key of 2048 bits or an EC key on P-384: the keys of the tutorials. */
export async function generateKey(type: "rsa" | "ec"): Promise<KeyObject> {
  const { privateKey } = type === "rsa" ? await generate("rsa", { modulusLength: 2048 }) : await generate("ec", { namedCurve: "P-384" });
  return privateKey;
}

/** The validity period, inclusive. X.509 stores seconds. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Issues the self-signed certificate of a CA. Returns PEM. */
export async function issueCa(key: KeyObject, validity: Validity): Promise<string> {
  // A unique name, which differs from the server's and from those of other sets.
  const name = `CN=grpc-study CA ${randomBytes(4).toString("hex")}, O=grpc-study`;
  return sign({
    name,
    issuer: name,
    key,
    issuerKey: key,
    validity,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
}

export interface Issuer {
  /** PEM. */
  readonly certificate: string;
  /** An RSA key. */
  readonly key: KeyObject;
}

/** Issues a server certificate for DNS names and IP addresses. Returns PEM. */
export async function issueServer(ca: Issuer, key: KeyObject, names: readonly string[], validity: Validity): Promise<string> {
  return issueLeaf(ca, key, "CN=grpc-study server, O=grpc-study", validity, [
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? "ip" : "dns", value }))),
  ]);
}

/** Issues a client certificate. Returns PEM. */
export async function issueClient(ca: Issuer, key: KeyObject, validity: Validity): Promise<string> {
  return issueLeaf(ca, key, "CN=grpc-study client, O=grpc-study", validity, [
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
  ]);
}

async function issueLeaf(ca: Issuer, key: KeyObject, name: string, validity: Validity, extensions: readonly Extension[]): Promise<string> {
  const issuer = new X509Certificate(ca.certificate);
  const keyId = issuer.getExtension(SubjectKeyIdentifierExtension)?.keyId;
  return sign({
    name,
    issuer: issuer.subjectName,
    key,
    issuerKey: ca.key,
    validity,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      ...extensions,
      // The identifier in the CA's certificate, however it was computed.
      keyId === undefined ? await AuthorityKeyIdentifierExtension.create(issuer.publicKey) : new AuthorityKeyIdentifierExtension(keyId),
    ],
  });
}

interface ToSign {
  readonly name: string;
  readonly issuer: string | Name;
  readonly key: KeyObject;
  readonly issuerKey: KeyObject;
  readonly validity: Validity;
  readonly extensions: readonly Extension[];
}

async function sign({ name, issuer, key, issuerKey, validity, extensions }: ToSign): Promise<string> {
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const certificate = await X509CertificateGenerator.create({
    ...validity,
    subject: name,
    issuer,
    publicKey,
    signingKey: issuerKey.toCryptoKey(signingAlgorithm, false, ["sign"]),
    signingAlgorithm,
    extensions: [...extensions, await SubjectKeyIdentifierExtension.create(publicKey)],
  });
  return `${certificate.toString("pem")}\n`;
}
