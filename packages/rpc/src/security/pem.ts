// A certificate or key: the path of a PEM file, or PEM content.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** The path of a PEM file, or PEM content: bytes, or a string that begins with `-----BEGIN`. */
export type Pem = string | Uint8Array;

/**
 * Thrown for a certificate or key that cannot be used. The message names the option or the file and
 * the reason, but never quotes the content.
 */
export class TlsFileError extends Error {
  static {
    TlsFileError.prototype.name = "TlsFileError";
  }
}

/**
 * A key without its PEM armour, as some environment variables hold it. Its text must not appear in
 * a message.
 */
const bareBase64 = /^M[A-Za-z0-9+/\s]{80,}={0,2}\s*$/;

export class PemSource {
  /** The name in messages: the file, or the option for PEM content. */
  readonly name: string;
  readonly path: string | undefined;
  readonly #text: Buffer | undefined;

  /** @throws TypeError, TlsFileError */
  constructor(option: string, pem: Pem) {
    if (typeof pem !== "string" && !(pem instanceof Uint8Array)) {
      throw new TypeError(`tls.${option} takes the path of a PEM file, or PEM, got ${pem === null ? "null" : typeof pem}`);
    }
    if (pem.length === 0) throw new TlsFileError(`tls.${option} is empty: give the path of a PEM file, or PEM`);
    if (typeof pem === "string" && !/^\s*-----BEGIN/.test(pem)) {
      if (/[\n\0]/.test(pem) || bareBase64.test(pem)) {
        throw new TlsFileError(`tls.${option} is neither the path of a PEM file nor PEM, which begins with "-----BEGIN"`);
      }
      this.name = pem;
      this.path = pem;
      this.#text = undefined;
    } else {
      this.name = `tls.${option}`;
      this.path = undefined;
      this.#text = Buffer.from(pem as string);
    }
  }

  /** @throws TlsFileError */
  readSync(): Buffer {
    if (this.path === undefined) return this.#text as Buffer;
    try {
      return readFileSync(this.path);
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  /** Rejects with a TlsFileError. */
  async read(): Promise<Buffer> {
    if (this.path === undefined) return this.#text as Buffer;
    try {
      return await readFile(this.path);
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
};

function unreadable(path: string, error: unknown): TlsFileError {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  return new TlsFileError(`cannot read ${path}: ${reasons[code] ?? code}`);
}
