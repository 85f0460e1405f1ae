// TLS and mutual TLS, the same few options everywhere: PEM files, which are picked up again when they are renewed. TLS 1.2 at least,
// which is Node's default.
import { rootCertificates } from "node:tls";
import { type ChannelCredentials, credentials, experimental, type ServerCredentials } from "@grpc/grpc-js";
import { CertificateFileProvider, type CertificateFiles } from "./certificate-files.ts";

/** TLS of a server. */
export interface ServerTls extends Omit<CertificateFiles, "ca"> {
  readonly cert: string;
  readonly key: string;
  /** Mutual TLS: a client must have a certificate that one of these authorities signed. */
  readonly clientCa?: string | undefined;
}

/** TLS of a client. With `cert` and `key`: mutual TLS. */
export interface ClientTls extends CertificateFiles {
  /** Default: the authorities that Node knows. */
  readonly ca?: string | undefined;
  /** The name that the server's certificate must have. Default: the host of the target. */
  readonly serverName?: string | undefined;
}

/** @throws TlsFileError if a file cannot be used. */
export function serverCredentials({ clientCa, ...files }: ServerTls): ServerCredentials {
  const provider = new CertificateFileProvider(clientCa === undefined ? files : { ...files, ca: clientCa });
  // The parameters are named the other way round in grpc-js 1.14.7 than they are used: the identity comes first.
  const mutual = clientCa === undefined ? null : provider;
  return experimental.createCertificateProviderServerCredentials(provider, mutual, mutual !== null);
}

/** @throws TlsFileError if a file cannot be used. */
export function clientCredentials(files: ClientTls): ChannelCredentials {
  if (files.ca === undefined && files.cert === undefined) return credentials.createSsl();
  const provider = new CertificateFileProvider(files);
  const authorities = files.ca === undefined ? new NodeAuthorities() : provider;
  return experimental.createCertificateProviderChannelCredentials(authorities, files.cert === undefined ? null : provider);
}

/** The authorities that Node knows, for a client with a certificate of its own and none for the server's. */
class NodeAuthorities implements Pick<experimental.CertificateProvider, keyof experimental.CertificateProvider> {
  addCaCertificateListener(listener: Parameters<experimental.CertificateProvider["addCaCertificateListener"]>[0]): void {
    process.nextTick(listener, { caCertificate: Buffer.from(rootCertificates.join("\n")) });
  }
  removeCaCertificateListener(): void {}
  addIdentityCertificateListener(): void {}
  removeIdentityCertificateListener(): void {}
}
