// Certificates as grpc-js asks for them: by its own interface of providers.
import { rootCertificates } from "node:tls";
import { type ChannelCredentials, credentials, experimental, type ServerCredentials } from "@grpc/grpc-js";
import type { Certificates } from "../../security/certificates.ts";
import { type ClientTls, clientCertificates, type ServerTls, serverCertificates } from "../../security/tls.ts";

type Provider = experimental.CertificateProvider;
type CaListener = Parameters<Provider["addCaCertificateListener"]>[0];
type IdentityListener = Parameters<Provider["addIdentityCertificateListener"]>[0];

/**
 * grpc-js's own FileWatcherCertificateProvider hands on what it reads, a certificate whose key has not been written yet included, and nothing at all
 * once a file is gone.
 */
class CertificateProvider implements Provider {
  readonly #certificates: Certificates;
  readonly #ends = new Map<CaListener | IdentityListener, () => void>();

  constructor(certificates: Certificates) {
    this.#certificates = certificates;
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#listen(listener, () => {
      const { ca } = this.#certificates.current();
      listener(ca === undefined ? null : { caCertificate: ca });
    });
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#unlisten(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#listen(listener, () => {
      const { cert, key } = this.#certificates.current();
      listener(cert === undefined || key === undefined ? null : { certificate: cert, privateKey: key });
    });
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#unlisten(listener);
  }

  #listen(listener: CaListener | IdentityListener, tell: () => void): void {
    this.#unlisten(listener);
    this.#ends.set(listener, this.#certificates.onChange(tell));
    process.nextTick(tell);
  }

  #unlisten(listener: CaListener | IdentityListener): void {
    this.#ends.get(listener)?.();
    this.#ends.delete(listener);
  }
}

/** @throws TlsFileError if a file cannot be used. */
export function serverCredentials(tls: ServerTls): ServerCredentials {
  const provider = new CertificateProvider(serverCertificates(tls));
  // The parameters are named the other way round in grpc-js 1.14.7 than they are used: the identity comes first.
  const mutual = tls.clientCa === undefined ? null : provider;
  return experimental.createCertificateProviderServerCredentials(
    provider,
    mutual,
    mutual !== null && tls.clientCertificates !== "optional",
  );
}

/** @throws TlsFileError if a file cannot be used. */
export function clientCredentials(tls: ClientTls): ChannelCredentials {
  if (tls.ca === undefined && tls.cert === undefined) return credentials.createSsl();
  const provider = new CertificateProvider(clientCertificates(tls));
  const authorities = tls.ca === undefined ? new NodeAuthorities() : provider;
  return experimental.createCertificateProviderChannelCredentials(authorities, tls.cert === undefined ? null : provider);
}

/** The authorities that Node knows, for a client with a certificate of its own and none for the server's. */
class NodeAuthorities implements Pick<Provider, keyof Provider> {
  addCaCertificateListener(listener: CaListener): void {
    process.nextTick(listener, { caCertificate: Buffer.from(rootCertificates.join("\n")) });
  }
  removeCaCertificateListener(): void {}
  addIdentityCertificateListener(): void {}
  removeIdentityCertificateListener(): void {}
}
