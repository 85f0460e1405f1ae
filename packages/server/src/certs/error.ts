/**
 * Certificates cannot be made or used. The message is one line with the problem and the command to
 * type, without secrets.
 */
export class CertificatesError extends Error {
  static {
    CertificatesError.prototype.name = "CertificatesError";
  }
}
