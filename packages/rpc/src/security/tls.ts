// TLS and mutual TLS, with the same options on servers and clients. PEM files are read again when
// they are renewed. The minimum version is TLS 1.2, the default of Node.
import { checkObject, type Names, wrongType } from "../checks.ts";
import { type CertificateOptions, Certificates } from "./certificates.ts";
import type { Pem } from "./pem.ts";

/** The TLS options of a server. */
export interface ServerTls extends Omit<CertificateOptions, "ca"> {
  readonly cert: Pem;
  readonly key: Pem;
  /** Enables mutual TLS: the certificates of the authorities that sign client certificates. */
  readonly clientCa?: Pem | undefined;
  /**
   * Whether a client must present a certificate that an authority of `clientCa` signed. With
   * `optional`, a client may present none, but a certificate from another authority is still
   * rejected. Default: `required`.
   */
  readonly clientCertificates?: "required" | "optional" | undefined;
}

/** The TLS options of a client. `cert` and `key` enable mutual TLS. */
export interface ClientTls extends CertificateOptions {
  /**
   * The certificates of the authorities that sign the server's certificate. Default: the
   * authorities that Node trusts.
   */
  readonly ca?: Pem | undefined;
  /** The name that the server's certificate must contain. Default: the host of the target. */
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

/**
 * Reads and checks the certificates of a server.
 *
 * @throws TlsFileError if a certificate or key cannot be used, TypeError if an option has a wrong
 * value.
 */
export function serverCertificates(tls: ServerTls): Certificates {
  checkObject("the options of serverCertificates()", tls);
  const { clientCa, clientCertificates, ...options } = tls;
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

/**
 * @throws TlsFileError if a certificate or key cannot be used, TypeError if an option has a wrong
 * type.
 */
export function clientCertificates({ serverName: _, ...options }: ClientTls): Certificates {
  return new Certificates(options);
}
