import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Authority, type Identity, newAuthority } from "../../test/authority.ts";
import { eventually } from "../../test/eventually.ts";
import { Certificates } from "./certificates.ts";
import { TlsFileError } from "./pem.ts";
import { serverCertificates } from "./tls.ts";

let authority: Authority;
let first: Identity;
let second: Identity;

beforeAll(async () => {
  authority = await newAuthority();
  first = await authority.issue("first");
  second = await authority.issue("second");
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "grpc-study-tls-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function write(identity: Identity): { cert: string; key: string } {
  const path = folder();
  const files = { cert: join(path, "a.pem"), key: join(path, "a.key") };
  writeFileSync(files.cert, identity.cert);
  writeFileSync(files.key, identity.key);
  return files;
}

function failureOf(make: () => unknown): Error {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}

test("files, PEM text and PEM bytes are equivalent", () => {
  const contents = { ca: Buffer.from(authority.cert), cert: Buffer.from(first.cert), key: Buffer.from(first.key) };
  const ca = authority.cert;
  expect(new Certificates({ ca, ...first }).current()).toEqual(contents);
  expect(new Certificates({ ca, ...write(first) }).current()).toEqual(contents);
  expect(new Certificates({ ca, cert: new Uint8Array(contents.cert), key: contents.key }).current()).toEqual(contents);
});

test("renewed files become current once both are complete, and listeners are called", async () => {
  const files = write(first);
  const onReloadError = vi.fn();
  const certificates = new Certificates({ ...files, reloadMs: 10, onReloadError });
  const changed = vi.fn();
  onTestFinished(certificates.onChange(changed));
  writeFileSync(files.cert, second.cert);
  await eventually(() => expect(onReloadError).toHaveBeenCalledOnce());
  expect(onReloadError.mock.calls[0]?.[0]).toMatchObject({
    name: "TlsFileError",
    message: `the key in ${files.key} does not belong to the certificate in ${files.cert}`,
  });
  expect(certificates.current().cert?.toString()).toBe(first.cert);
  writeFileSync(files.key, second.key);
  await eventually(() => expect(changed).toHaveBeenCalledOnce());
  expect(certificates.current().cert?.toString()).toBe(second.cert);
});

test("files are not read without a listener", async () => {
  const files = write(first);
  const certificates = new Certificates({ ...files, reloadMs: 5 });
  certificates.onChange(() => {})();
  writeFileSync(files.cert, second.cert);
  writeFileSync(files.key, second.key);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(certificates.current().cert?.toString()).toBe(first.cert);
  await certificates.reload();
  expect(certificates.current().cert?.toString()).toBe(second.cert);
});

test.each<[string, () => Partial<Identity & { ca: string }>, string]>([
  ["a file that does not exist", () => ({ ...first, cert: "/nowhere/a.pem" }), "cannot read /nowhere/a.pem: there is no such file"],
  ["a folder", () => ({ ...first, cert: "/" }), "cannot read /: it is a folder"],
  ["nothing", () => ({ ...first, cert: "" }), "tls.cert is empty: give the path of a PEM file, or PEM"],
  ["a certificate without its key", () => ({ cert: first.cert }), "tls.cert needs its private key, tls.key"],
  ["a key without its certificate", () => ({ key: first.key }), "tls.key needs its certificate, tls.cert"],
  ["another key", () => ({ cert: first.cert, key: second.key }), "the key in tls.key does not belong to the certificate in tls.cert"],
  ["a key in the place of a certificate", () => ({ cert: first.key, key: first.key }), "tls.cert is not a PEM certificate"],
  [
    "a certificate in the place of a key",
    () => ({ cert: first.cert, key: first.cert }),
    "tls.key is not a PEM private key, or it has a password",
  ],
  ["a key in the place of the authorities", () => ({ ca: first.key }), "tls.ca is not a PEM certificate"],
])("%s throws with a clear message", (_, options, message) => {
  const failure = failureOf(() => new Certificates(options()));
  expect(failure).toBeInstanceOf(TlsFileError);
  expect(failure.message).toBe(message);
});

test("an expired certificate throws", async () => {
  const expired = await authority.issue("late", -1000);
  expect(failureOf(() => new Certificates(expired)).message).toMatch(/^the certificate in tls.cert expired on 20/);
});

test("messages contain no part of a key, however it is given", () => {
  const body = first.key.split("\n")[1] as string;
  for (const key of [
    body,
    `${body}\n`,
    body.replace(/.{64}/g, "$&\n"),
    first.key.slice(0, -80),
    first.key.slice(5),
    first.key.replaceAll("PRIVATE", "SECRET"),
    Buffer.from(body, "base64"),
    Buffer.from(first.key.slice(3)),
  ]) {
    const { message, stack, ...rest } = failureOf(() => new Certificates({ cert: first.cert, key }));
    const text = `${message} ${stack} ${JSON.stringify(rest)}`;
    expect(message).toMatch(/tls\.key/);
    for (let at = 0; at + 12 <= body.length; at += 6) expect(text).not.toContain(body.slice(at, at + 12));
  }
});

test("an option with a wrong type is a TypeError that names it", () => {
  // @ts-expect-error: a program in JavaScript may do this.
  expect(failureOf(() => new Certificates({ ...first, cert: 5 })).message).toBe(
    "tls.cert takes the path of a PEM file, or PEM, got number",
  );
  // @ts-expect-error: a program in JavaScript may do this.
  expect(failureOf(() => serverCertificates({ key: first.key })).message).toMatch(/^tls.cert is missing/);
  expect(failureOf(() => serverCertificates({ ...first, clientCertificates: "optional" })).message).toMatch(/needs tls.clientCa/);
  // @ts-expect-error: a program in JavaScript may do this.
  expect(failureOf(() => serverCertificates({ ...first, clientCertificates: "maybe" })).message).toMatch(/must be required or optional/);
  expect(failureOf(() => serverCertificates({ ...first, reloadMs: 0 })).message).toMatch(/^tls.reloadMs must be a positive number/);
});
