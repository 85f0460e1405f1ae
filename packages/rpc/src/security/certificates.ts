// The certificates of one side of a TLS connection. They are read, checked, and read again when
// their files are renewed. Transports use the current ones for each new connection, or listen for
// changes.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { checkFunction, checkTime, optional } from "../checks.ts";
import { type Pem, PemSource, TlsFileError } from "./pem.ts";

/** The certificates to use. Each is the path of a PEM file, or PEM content. */
export interface CertificateOptions {
  /** The certificates of the authorities that sign the peer's certificate. */
  readonly ca?: Pem | undefined;
  /** The certificate of this side, followed by any intermediate certificates. Needs `key`. */
  readonly cert?: Pem | undefined;
  /** The private key of `cert`. */
  readonly key?: Pem | undefined;
  /** How often the files are checked for changes, in milliseconds. Default: 10,000. */
  readonly reloadMs?: number | undefined;
  /**
   * Called if renewed files cannot be used. The earlier certificates stay in use. Default: emits a
   * process warning.
   */
  readonly onReloadError?: ((error: TlsFileError) => void) | undefined;
}

/** Checked PEM content, named as the options of `tls.createSecureContext`. */
export interface CertificateContents {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

interface Sources {
  /** Named after the option that was given: `ca` or `clientCa`. */
  readonly ca: PemSource | undefined;
  readonly cert: PemSource | undefined;
  readonly key: PemSource | undefined;
}

const defaultReloadMs = 10_000;

/**
 * Usable certificates. The current ones stay in use until the new files are complete and valid: a
 * renewed certificate whose key is not written yet does not replace them.
 */
export class Certificates {
  readonly #sources: Sources;
  readonly #reloadMs: number;
  readonly #onReloadError: ((error: TlsFileError) => void) | undefined;
  readonly #listeners = new Set<() => void>();
  #current: CertificateContents;
  #lastError: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param caOption the name of the option `ca` in messages.
   * @throws TlsFileError if a certificate or key cannot be used, TypeError or RangeError for a
   * wrong option.
   */
  constructor(options: CertificateOptions, caOption = "ca") {
    const { ca, cert, key, reloadMs = defaultReloadMs, onReloadError } = options;
    checkTime("tls.reloadMs", reloadMs);
    optional(checkFunction, "tls.onReloadError", onReloadError);
    this.#sources = { ca: source(caOption, ca), cert: source("cert", cert), key: source("key", key) };
    this.#reloadMs = Math.min(reloadMs, 2 ** 31 - 1);
    this.#onReloadError = onReloadError;
    this.#current = check(this.#sources, {
      ca: this.#sources.ca?.readSync(),
      cert: this.#sources.cert?.readSync(),
      key: this.#sources.key?.readSync(),
    });
  }

  /** The certificates for a new connection. A new object after each change. */
  current(): CertificateContents {
    return this.#current;
  }

  /** Whether there is a listener, so that the current certificates follow the files. */
  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  /**
   * Calls the listener after each change. Files are watched while there is a listener. Returns a
   * function that removes the listener.
   */
  onChange(listener: () => void): () => void {
    // A new function each time, because one listener may be added twice.
    const own = () => listener();
    this.#listeners.add(own);
    this.#watch();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Reads the files now. */
  async reload(): Promise<void> {
    const { ca, cert, key } = this.#sources;
    try {
      const contents = { ca: await ca?.read(), cert: await cert?.read(), key: await key?.read() };
      const now = this.#current;
      if (same(contents.ca, now.ca) && same(contents.cert, now.cert) && same(contents.key, now.key)) return;
      this.#current = check(this.#sources, contents);
      this.#lastError = undefined;
    } catch (error) {
      if (!(error instanceof TlsFileError)) throw error;
      this.#report(error);
      return;
    }
    for (const listener of [...this.#listeners]) listener();
  }

  #watch(): void {
    const { ca, cert, key } = this.#sources;
    if (ca?.path === undefined && cert?.path === undefined && key?.path === undefined) return;
    this.#timer ??= setInterval(() => void this.reload(), this.#reloadMs).unref();
  }

  #report(error: TlsFileError): void {
    // Reports each problem once, rather than at every check.
    if (error.message === this.#lastError) return;
    this.#lastError = error.message;
    if (this.#onReloadError) this.#onReloadError(error);
    else process.emitWarning(error);
  }
}

function source(option: string, pem: Pem | undefined): PemSource | undefined {
  return pem === undefined ? undefined : new PemSource(option, pem);
}

function same(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.equals(b));
}

/** Checks the content before OpenSSL does, for clearer messages. */
function check(sources: Sources, contents: CertificateContents): CertificateContents {
  const { ca, cert, key } = contents;
  if ((cert === undefined) !== (key === undefined)) {
    throw new TlsFileError(cert === undefined ? "tls.key needs its certificate, tls.cert" : "tls.cert needs its private key, tls.key");
  }
  if (ca !== undefined) parseCertificate(sources.ca, ca);
  if (cert !== undefined && key !== undefined) {
    const certificate = parseCertificate(sources.cert, cert);
    if (certificate.validToDate.getTime() <= Date.now()) {
      throw new TlsFileError(`the certificate in ${sources.cert?.name} expired on ${certificate.validToDate.toISOString()}`);
    }
    if (!certificate.checkPrivateKey(parseKey(sources.key, key))) {
      throw new TlsFileError(`the key in ${sources.key?.name} does not belong to the certificate in ${sources.cert?.name}`);
    }
  }
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    const names = [sources.cert, sources.key, sources.ca].flatMap((each) => each?.name ?? []);
    throw new TlsFileError(`cannot use ${names.join(", ")}: ${(error as Error).message}`);
  }
  return contents;
}

function parseCertificate(source: PemSource | undefined, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new TlsFileError(`${source?.name} is not a PEM certificate`);
  }
}

function parseKey(source: PemSource | undefined, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TlsFileError(`${source?.name} is not a PEM private key, or it has a password`);
  }
}
