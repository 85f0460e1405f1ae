// Creates certificates of any kind, including those that the `certs` command rightly never creates.
// The DER encoding (RFC 5280) is written by hand, so that it does not depend on the code under
// test. Keys are on P-256, which takes a millisecond each.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A certificate and its key, in PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly subject?: Readonly<Record<string, string>>;
  /** DNS names, IPv4 addresses and e-mail addresses. */
  readonly sans?: readonly string[];
  readonly for?: "server" | "client";
  /** The validity in seconds from now. Default: from an hour ago to in an hour. */
  readonly from?: number;
  readonly to?: number;
}

/** A CA that signs any certificate. */
export class Authority {
  readonly #key = newKey();
  readonly #name: Buffer;
  readonly cert: string;

  constructor(name = `e2e CA ${randomBytes(4).toString("hex")}`) {
    this.#name = distinguishedName({ CN: name });
    const isCa = extension("2.5.29.19", sequence(boolean(true)), true);
    this.cert = this.#sign(this.#name, this.#key, [isCa], {});
  }

  issue(options: CertificateOptions = {}): Identity {
    const { subject = { CN: "somebody" }, sans = ["localhost", "127.0.0.1"], for: usage = "server" } = options;
    const key = newKey();
    const purpose = sequence(objectId(usage === "server" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2"));
    const extensions = [extension("2.5.29.37", purpose), extension("2.5.29.17", sequence(...sans.map(generalName)))];
    const cert = this.#sign(distinguishedName(subject), key, extensions, options);
    return { cert, key: key.export({ type: "pkcs8", format: "pem" }).toString() };
  }

  #sign(subject: Buffer, key: KeyObject, extensions: readonly Buffer[], { from = -3600, to = 3600 }: CertificateOptions): string {
    const ecdsaWithSha256 = sequence(objectId("1.2.840.10045.4.3.2"));
    const toBeSigned = sequence(
      der(0xa0, integer(2)),
      der(0x02, Buffer.of(0x01), randomBytes(8)),
      ecdsaWithSha256,
      this.#name,
      sequence(time(from), time(to)),
      subject,
      createPublicKey(key).export({ type: "spki", format: "der" }),
      der(0xa3, sequence(...extensions)),
    );
    const certificate = sequence(toBeSigned, ecdsaWithSha256, bitString(sign("sha256", toBeSigned, this.#key)));
    const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  }
}

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const prefix = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...prefix), content]);
}

const sequence = (...contents: readonly Buffer[]) => der(0x30, ...contents);
const integer = (value: number) => der(0x02, Buffer.of(value));
const boolean = (value: boolean) => der(0x01, Buffer.of(value ? 255 : 0));
const bitString = (bytes: Buffer) => der(0x03, Buffer.of(0), bytes);
const octetString = (bytes: Buffer) => der(0x04, bytes);

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const base128 = (value: number): number[] => (value < 128 ? [value] : [...base128(value >> 7).map((byte) => byte | 128), value & 127]);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** Encodes a UTCTime. */
function time(secondsFromNow: number): Buffer {
  const iso = new Date(Date.now() + secondsFromNow * 1000).toISOString();
  return der(0x17, Buffer.from(`${iso.slice(2, 19).replaceAll(/\D/g, "")}Z`));
}

function distinguishedName(attributes: Readonly<Record<string, string>>): Buffer {
  const ids: Readonly<Record<string, string>> = { CN: "2.5.4.3", O: "2.5.4.10", OU: "2.5.4.11" };
  const parts = Object.entries(attributes).map(([type, value]) =>
    der(0x31, sequence(objectId(ids[type] ?? ""), der(0x0c, Buffer.from(value)))),
  );
  return sequence(...parts);
}

function generalName(name: string): Buffer {
  if (isIP(name) === 4) return der(0x87, Buffer.from(name.split(".").map(Number)));
  return der(name.includes("@") ? 0x81 : 0x82, Buffer.from(name));
}

/** A temporary folder, removed when it is disposed. */
export class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), "grpc-study-e2e-")));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file atomically: a concurrent reader sees the old or the new content. */
  async write(name: string, content: string): Promise<string> {
    const file = this.file(name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
    return file;
  }

  /** Writes `<name>.pem` and `<name>.key`; the key first, as `certs` does. */
  async writeIdentity(name: string, { cert, key }: Identity): Promise<{ readonly cert: string; readonly key: string }> {
    return { key: await this.write(`${name}.key`, key), cert: await this.write(`${name}.pem`, cert) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/**
 * Writes the files that the `certs` command creates: `ca.pem`, `server.pem`, `server.key`,
 * `client.pem` and `client.key`. Returns the CA that signed them.
 */
export async function writeSet(folder: Folder, authority = new Authority()): Promise<Authority> {
  await folder.write("ca.pem", authority.cert);
  await folder.writeIdentity("server", authority.issue());
  await folder.writeIdentity("client", authority.issue({ for: "client", subject: { CN: "e2e client", O: "e2e" } }));
  return authority;
}
