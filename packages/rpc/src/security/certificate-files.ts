// Certificates and keys in files: read, checked, and read again when they are renewed.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { experimental } from "@grpc/grpc-js";

/** PEM files. */
export interface CertificateFiles {
  /** The certificates of the authorities that sign the peer's certificate. */
  readonly ca?: string | undefined;
  /** The own certificate, with those between it and its authority, if any, after it. Needs `key`. */
  readonly cert?: string | undefined;
  /** The private key of `cert`. */
  readonly key?: string | undefined;
  /** How often the files are looked at, in milliseconds. Default 10,000. */
  readonly reloadMs?: number | undefined;
  /** Told when renewed files cannot be used; the earlier ones go on. Default: a process warning. */
  readonly onReloadError?: ((error: TlsFileError) => void) | undefined;
}

/** A file that cannot be used: which, and why. Never has any of the file's content. */
export class TlsFileError extends Error {
  static {
    TlsFileError.prototype.name = "TlsFileError";
  }
}

interface Contents {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

type Provider = experimental.CertificateProvider;
type CaListener = Parameters<Provider["addCaCertificateListener"]>[0];
type IdentityListener = Parameters<Provider["addIdentityCertificateListener"]>[0];

const defaultReloadMs = 10_000;

/**
 * What grpc-js asks for certificates. Its own FileWatcherCertificateProvider hands on what it reads, a certificate whose key has not been
 * written yet included, and nothing at all once a file is gone; this one hands on what works, and keeps it until there is something better.
 */
export class CertificateFileProvider implements Provider {
  readonly #files: CertificateFiles;
  readonly #caListeners = new Set<CaListener>();
  readonly #identityListeners = new Set<IdentityListener>();
  #current: Contents;
  #lastError: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws TlsFileError */
  constructor(files: CertificateFiles) {
    this.#files = files;
    this.#current = check(files, {
      ca: readOrFail(files.ca),
      cert: readOrFail(files.cert),
      key: readOrFail(files.key),
    });
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    this.#watch();
    process.nextTick(listener, this.#ca());
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
    this.#unwatch();
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    this.#watch();
    process.nextTick(listener, this.#identity());
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
    this.#unwatch();
  }

  /** Looks at the files now. */
  async reload(): Promise<void> {
    try {
      const [ca, cert, key] = await Promise.all([this.#files.ca, this.#files.cert, this.#files.key].map(readAgain));
      if (same(ca, this.#current.ca) && same(cert, this.#current.cert) && same(key, this.#current.key)) return;
      this.#current = check(this.#files, { ca, cert, key });
      this.#lastError = undefined;
    } catch (error) {
      if (error instanceof TlsFileError) this.#complain(error);
      return;
    }
    for (const listener of this.#identityListeners) listener(this.#identity());
    for (const listener of this.#caListeners) listener(this.#ca());
  }

  #complain(error: TlsFileError): void {
    // Once for each problem, not at every look.
    if (error.message === this.#lastError) return;
    this.#lastError = error.message;
    if (this.#files.onReloadError) this.#files.onReloadError(error);
    else process.emitWarning(error);
  }

  #ca(): Parameters<CaListener>[0] {
    const { ca } = this.#current;
    return ca === undefined ? null : { caCertificate: ca };
  }

  #identity(): Parameters<IdentityListener>[0] {
    const { cert, key } = this.#current;
    return cert === undefined || key === undefined ? null : { certificate: cert, privateKey: key };
  }

  #watch(): void {
    this.#timer ??= setInterval(() => void this.reload(), this.#files.reloadMs ?? defaultReloadMs).unref();
  }

  #unwatch(): void {
    if (this.#caListeners.size > 0 || this.#identityListeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function readOrFail(file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function readAgain(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): TlsFileError {
  const { code } = error as NodeJS.ErrnoException;
  const reason = { ENOENT: "there is no such file", EACCES: "permission denied", EISDIR: "it is a folder" }[code ?? ""] ?? code;
  return new TlsFileError(`cannot read ${file}: ${reason}`);
}

function same(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.equals(b));
}

/** Tells a file that cannot be used before OpenSSL does, in words. */
function check(files: CertificateFiles, contents: Contents): Contents {
  const { ca, cert, key } = contents;
  if ((cert === undefined) !== (key === undefined)) throw new TlsFileError("a certificate needs its key, and a key its certificate");
  if (ca !== undefined) parseCertificate(files.ca, ca);
  if (cert !== undefined && key !== undefined) {
    const certificate = parseCertificate(files.cert, cert);
    if (certificate.validToDate.getTime() <= Date.now()) {
      throw new TlsFileError(`the certificate in ${files.cert} expired on ${certificate.validToDate.toISOString()}`);
    }
    if (!certificate.checkPrivateKey(parseKey(files.key, key))) {
      throw new TlsFileError(`the key in ${files.key} is not that of the certificate in ${files.cert}`);
    }
  }
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    throw new TlsFileError(`cannot use ${[files.cert, files.key, files.ca].filter(Boolean).join(", ")}: ${(error as Error).message}`);
  }
  return contents;
}

function parseCertificate(file: string | undefined, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new TlsFileError(`${file} is no PEM certificate`);
  }
}

function parseKey(file: string | undefined, pem: Buffer) {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TlsFileError(`${file} is no PEM private key, or it has a password`);
  }
}
