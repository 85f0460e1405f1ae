// The certificates of one side of TLS: read, checked, and read again when their files are renewed. Transports take what is current for each new
// connection, or listen for changes.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { checkFunction, checkTime, optional } from "../checks.ts";
import { type Pem, PemSource, TlsFileError } from "./pem.ts";

/** Where the certificates come from. Each is the path of a PEM file, or PEM itself. */
export interface CertificateOptions {
  /** The certificates of the authorities that sign the peer's certificate. */
  readonly ca?: Pem | undefined;
  /** The own certificate, with those between it and its authority, if any, after it. Needs `key`. */
  readonly cert?: Pem | undefined;
  /** The private key of `cert`. */
  readonly key?: Pem | undefined;
  /** How often files are looked at, in milliseconds. Default: 10,000. */
  readonly reloadMs?: number | undefined;
  /** Called when renewed files cannot be used; the earlier ones stay in use. Default: a process warning. */
  readonly onReloadError?: ((error: TlsFileError) => void) | undefined;
}

/** PEM that has been checked: the options of that name of `tls.createSecureContext`. */
export interface CertificateContents {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

interface Sources {
  /** The name of the option that `ca` was given by. */
  readonly ca: PemSource | undefined;
  readonly cert: PemSource | undefined;
  readonly key: PemSource | undefined;
}

const defaultReloadMs = 10_000;

/** Certificates that work. What is current stays in use until there is something better: a certificate whose key is not written yet is not. */
export class Certificates {
  readonly #sources: Sources;
  readonly #reloadMs: number;
  readonly #onReloadError: ((error: TlsFileError) => void) | undefined;
  readonly #listeners = new Set<() => void>();
  #current: CertificateContents;
  #lastError: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param caOption how messages name the option `ca`.
   * @throws TlsFileError if one of them cannot be used, TypeError or RangeError if an option has a wrong value.
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

  /** What to use for a new connection. A new object after each change. */
  current(): CertificateContents {
    return this.#current;
  }

  /** Whether there is a listener: what is current is what the files have. */
  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls the listener after each change. Files are looked at while there is a listener. Returns what ends it. */
  onChange(listener: () => void): () => void {
    // A function of its own each time: one function may listen twice.
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

  /** Looks at the files now. */
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
      this.#complain(error);
      return;
    }
    for (const listener of [...this.#listeners]) listener();
  }

  #watch(): void {
    const { ca, cert, key } = this.#sources;
    if (ca?.path === undefined && cert?.path === undefined && key?.path === undefined) return;
    this.#timer ??= setInterval(() => void this.reload(), this.#reloadMs).unref();
  }

  #complain(error: TlsFileError): void {
    // Once for each problem, not at every look.
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

/** Finds what cannot be used before OpenSSL does, and says so in words. */
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
      throw new TlsFileError(`the key in ${sources.key?.name} is not that of the certificate in ${sources.cert?.name}`);
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
    throw new TlsFileError(`${source?.name} is no PEM certificate`);
  }
}

function parseKey(source: PemSource | undefined, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TlsFileError(`${source?.name} is no PEM private key, or it has a password`);
  }
}
