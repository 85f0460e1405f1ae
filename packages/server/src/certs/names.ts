// The names of a server certificate: its subject alternative names (SANs), RFC 5280 section
// 4.2.1.6.
import { isIP } from "node:net";
import { CertificatesError } from "./error.ts";

/** The names of the tutorial, and the loopback addresses. */
export const defaultNames: readonly string[] = ["grpcstudy.com", "*.grpcstudy.com", "localhost", "127.0.0.1", "::1"];

/**
 * Parses an IP address or a DNS name, whose leftmost label may be a wildcard. Returns its canonical
 * form.
 *
 * @throws CertificatesError
 */
export function parseName(text: string): string {
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) && !address.includes("%")) return normalizeAddress(address);

  const name = text.toLowerCase();
  const invalid = (why: string) => new CertificatesError(`${JSON.stringify(text)} cannot be in a certificate: ${why}`);
  const labels = name.split(".");
  const host = labels[0] === "*" ? labels.slice(1) : labels;
  if (host.some((label) => label.includes("*"))) throw invalid("a wildcard stands for the leftmost label, as in *.example.com");
  // Go accepts `*.localhost`; OpenSSL and Node never match it.
  if (host.length < labels.length && host.length < 2) throw invalid("a wildcard needs two labels after it, as in *.example.com");
  // Host names have no underscores, but the names of containers do.
  if (name.length > 253 || !host.every((label) => /^(?!-)[\w-]{1,63}(?<!-)$/.test(label))) {
    throw invalid("it is neither a DNS name (in ASCII, without a port) nor an IP address");
  }
  if (/^\d+$/.test(host.at(-1) ?? "")) throw invalid("it is not a valid IP address, and the last label of a DNS name cannot be a number");
  return name;
}

/** Returns the shortest form of an address (RFC 5952), since addresses are compared as text. */
export function normalizeAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
