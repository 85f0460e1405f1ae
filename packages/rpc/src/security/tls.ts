// TLS and mutual TLS, the same few options everywhere: PEM files, which are picked up again when they are renewed, or PEM itself. TLS 1.2 at
// least, which is Node's default.
import { type Names, wrongType } from "../checks.ts";
import { type CertificateOptions, Certificates } from "./certificates.ts";
import type { Pem } from "./pem.ts";

/** TLS of a server. */
export interface ServerTls extends Omit<CertificateOptions, "ca"> {
  readonly cert: Pem;
  readonly key: Pem;
  /** Mutual TLS: the certificates of the authorities that sign those of clients. */
  readonly clientCa?: Pem | undefined;
  /**
   * Whether a client must have a certificate that an authority of `clientCa` signed. `optional`: a client may have none; one that is not
   * signed by them is refused all the same. Default: `required`.
   */
  readonly clientCertificates?: "required" | "optional" | undefined;
}

/** TLS of a client. With `cert` and `key`: mutual TLS. */
export interface ClientTls extends CertificateOptions {
  /** Default: the authorities that Node knows. */
  readonly ca?: Pem | undefined;
  /** The name that the server's certificate must have. Default: the host of the target. */
  readonly serverName?: string | undefined;
}

export const serverTlsNames: Names<ServerTls> = {
  cert: true,
  key: true,
  clientCa: true,
  clientCertificates: true,
  reloadMs: true,
  onReloadError: true,
};

export const clientTlsNames: Names<ClientTls> = { ca: true, cert: true, key: true, serverName: true, reloadMs: true, onReloadError: true };

/** @throws TlsFileError if a certificate or key cannot be used, TypeError if an option has a wrong value. */
export function serverCertificates({ clientCa, clientCertificates, ...options }: ServerTls): Certificates {
  if (clientCertificates !== undefined && clientCertificates !== "required" && clientCertificates !== "optional") {
    throw wrongType("tls.clientCertificates", "required or optional", clientCertificates);
  }
  if (clientCertificates !== undefined && clientCa === undefined) {
    throw new TypeError("tls.clientCertificates needs tls.clientCa: the authorities that sign the certificates of clients");
  }
  for (const name of ["cert", "key"] as const) {
    if (options[name] === undefined) throw new TypeError(`tls.${name} is missing: give the path of a PEM file, or PEM`);
  }
  return new Certificates({ ...options, ca: clientCa }, "clientCa");
}

/** @throws TlsFileError if a certificate or key cannot be used, TypeError if an option has a wrong type. */
export function clientCertificates({ serverName: _, ...options }: ClientTls): Certificates {
  return new Certificates(options);
}
