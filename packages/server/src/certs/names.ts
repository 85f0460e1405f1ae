// The names a server's certificate is good for: its subject alternative names (SANs), RFC 5280 section 4.2.1.6.
import { isIP } from "node:net";
import { CertificatesError } from "./error.ts";

/** Those of the tutorial, and the loopback addresses. */
export const defaultNames: readonly string[] = ["grpcstudy.com", "*.grpcstudy.com", "localhost", "127.0.0.1", "::1"];

/**
 * Takes a DNS name, with a wildcard for its leftmost label or without, or an IP address; returns the one way to write it.
 *
 * @throws CertificatesError if it is something else.
 */
export function parseName(text: string): string {
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) && !address.includes("%")) return normalizeAddress(address);

  const name = text.toLowerCase();
  const invalid = (why: string) => new CertificatesError(`${JSON.stringify(text)} cannot be in a certificate: ${why}`);
  const labels = name.split(".");
  const host = labels[0] === "*" ? labels.slice(1) : labels;
  if (host.some((label) => label.includes("*"))) throw invalid("a wildcard stands for the leftmost label, as in *.example.com");
  // Go would take `*.localhost`; OpenSSL and Node match it with nothing.
  if (host.length < labels.length && host.length < 2) throw invalid("a wildcard needs two labels after it, as in *.example.com");
  // Underscores are not for host names, but the names of containers have them.
  if (name.length > 253 || !host.every((label) => /^(?!-)[\w-]{1,63}(?<!-)$/.test(label))) {
    throw invalid("it is neither a DNS name (in ASCII, without a port) nor an IP address");
  }
  if (/^\d+$/.test(host.at(-1) ?? "")) throw invalid("it is no IP address, and a DNS name does not end in a number");
  return name;
}

/** The shortest way to write an address, RFC 5952: it is compared as text. */
export function normalizeAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
