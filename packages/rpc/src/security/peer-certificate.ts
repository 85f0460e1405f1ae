// The identity of a client, from its certificate.
import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "node:tls";

/** The certificate of a client, verified by mutual TLS. */
export interface ClientCertificate {
  /** The distinguished name, for example `CN=client, O=grpc-study`. */
  readonly subject: string;
  /** The names without their types: `client.example.com`, `10.0.0.1`, `someone@example.com`. */
  readonly subjectAltNames: readonly string[];
  readonly issuer: string;
  /** SHA-256, in hexadecimal with colons. */
  readonly fingerprint256: string;
  readonly certificate: X509Certificate;
}

const known = new WeakMap<PeerCertificate, ClientCertificate>();

export function clientCertificate(peer: PeerCertificate | undefined): ClientCertificate | undefined {
  if (peer?.raw === undefined) return undefined;
  const cached = known.get(peer);
  if (cached !== undefined) return cached;
  const certificate = new X509Certificate(peer.raw);
  const described = {
    subject: oneLine(certificate.subject),
    subjectAltNames: names(certificate.subjectAltName),
    issuer: oneLine(certificate.issuer),
    fingerprint256: certificate.fingerprint256,
    certificate,
  };
  known.set(peer, described);
  return described;
}

/** Node separates the attributes by line breaks. */
function oneLine(name: string | undefined): string {
  return name?.split("\n").join(", ") ?? "";
}

/**
 * Parses `DNS:a.example, IP Address:127.0.0.1`. A name with a comma or a quote is a JSON string.
 */
function names(subjectAltName: string | undefined): string[] {
  const entries = subjectAltName?.match(/[^:,]+:(?:"(?:[^"\\]|\\.)*"|[^,]*)/g) ?? [];
  return entries.map((entry) => {
    const value = entry.slice(entry.indexOf(":") + 1);
    return value.startsWith('"') ? String(JSON.parse(value)) : value;
  });
}
