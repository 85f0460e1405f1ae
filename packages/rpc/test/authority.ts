// Certificates for tests: an authority, and the certificates that it signs.
import "reflect-metadata"; // Must precede @peculiar/x509.
import { webcrypto } from "node:crypto";
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";

/** A certificate and its key, as PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** The certificate of the authority, as PEM. */
  readonly cert: string;
  issue(commonName: string, expiresInMs?: number): Promise<Identity>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
const hour = 3_600_000;
let serial = 1;

export async function newAuthority(): Promise<Authority> {
  const keys = await newKeys();
  const issuer = `CN=test CA ${serial++}`;
  const own = await X509CertificateGenerator.createSelfSigned({
    name: issuer,
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + hour),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    cert: own.toString("pem"),
    async issue(commonName, expiresInMs = hour) {
      const subjectKeys = await newKeys();
      const certificate = await X509CertificateGenerator.create({
        serialNumber: (0x1000 + serial++).toString(16),
        subject: `CN=${commonName}`,
        issuer,
        notBefore: new Date(Date.now() - 2 * hour),
        notAfter: new Date(Date.now() + expiresInMs),
        signingAlgorithm: algorithm,
        publicKey: subjectKeys.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new SubjectAlternativeNameExtension([
            { type: "dns", value: "localhost" },
            { type: "ip", value: "127.0.0.1" },
          ]),
        ],
      });
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", subjectKeys.privateKey)).toString("base64");
      return { cert: certificate.toString("pem"), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` };
    },
  };
}
