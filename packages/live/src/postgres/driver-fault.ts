/** Why the driver `pg` has no connection to use. */
export type DriverFault = "busy" | "lost" | "rejected" | "unreachable" | "untrusted";

/** The driver has no codes for these. */
const messages: readonly (readonly [RegExp, DriverFault])[] = [
  [/^timeout exceeded when trying to connect/, "busy"],
  // For example because the URL lacks a password.
  [/^SASL: /, "rejected"],
  [
    /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired|Query read timeout|The server does not|There was an error establishing an SSL)/i,
    "lost",
  ],
];

/** Codes of certificates (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const certificate = /CERT|CRL|ISSUER|SIGNATURE|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$|^HOSTNAME_MISMATCH$/;

/**
 * Why a query could not reach its server, or did not get its answer. Undefined for errors of the
 * server itself, which have an SQLSTATE, and for bugs.
 */
export function driverFault(error: Error): DriverFault | undefined {
  const { code } = error as NodeJS.ErrnoException;
  const byMessage = messages.find(([pattern]) => pattern.test(error.message));
  if (byMessage !== undefined) return byMessage[1];
  if (typeof code !== "string") return undefined;
  if (certificate.test(code)) return "untrusted";
  // A refused connection over IPv4 and IPv6 is an AggregateError with the code of the first one.
  return /^E(?!RR_)[A-Z_]+$|^ERR_(SSL|TLS)_/.test(code) ? "unreachable" : undefined;
}
