/** Certificates cannot be made, or not be used. The message is one line, says what to do about it, and holds no secret. */
export class CertificatesError extends Error {
  static {
    CertificatesError.prototype.name = "CertificatesError";
  }
}
