// Uses the certificates with Node's TLS and its default checks.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkServerIdentity, connect, createServer, type PeerCertificate } from "node:tls";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { createCertificates } from "./create.ts";

// Generating RSA keys can take seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const pem = (dir: string, name: string) => readFileSync(join(dir, name));
const identity = (dir: string, role: "server" | "client") => ({ cert: pem(dir, `${role}.pem`), key: pem(dir, `${role}.key`) });

/** Serves mutual TLS and returns the port. Responds with the name of the client certificate. */
async function serve(dir: string): Promise<number> {
  const server = createServer(
    { ...identity(dir, "server"), ca: pem(dir, "ca.pem"), requestCert: true, rejectUnauthorized: true },
    (socket) => {
      const { subject }: PeerCertificate = socket.getPeerCertificate();
      socket.end(String(subject.CN));
    },
  );
  server.on("tlsClientError", () => {});
  server.listen(0, "localhost");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/**
 * Connects and returns the response. Returns "" if the server ends the connection without an alert,
 * as Node's does.
 */
async function ask(
  port: number,
  host: string,
  options: { readonly ca: Buffer; readonly cert?: Buffer; readonly key?: Buffer },
): Promise<string> {
  // SNI carries no IP address, but Node checks it.
  const servername = /^[\d.:]+$/.test(host) ? {} : { servername: host };
  const socket = connect({
    host: "localhost",
    port,
    ...servername,
    ...options,
    checkServerIdentity: (_, cert) => checkServerIdentity(host, cert),
  });
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Returns `true` if the server accepts the client. The client trusts the server. */
async function greets(port: number, options: { readonly ca: Buffer; readonly cert?: Buffer; readonly key?: Buffer }): Promise<boolean> {
  return (await ask(port, "localhost", options).catch(() => "")) !== "";
}

test("server and client trust each other by their CA, for each name of the contract", async () => {
  const dir = await temporaryFolder();
  await createCertificates({ dir });
  const port = await serve(dir);
  const client = { ...identity(dir, "client"), ca: pem(dir, "ca.pem") };
  for (const host of ["localhost", "grpcstudy.com", "foo.grpcstudy.com", "127.0.0.1", "::1"]) {
    expect(await ask(port, host, client)).toBe("grpc-study client");
  }
  for (const host of ["a.b.grpcstudy.com", "other.test", "127.0.0.2"]) {
    await expect(ask(port, host, client)).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  }
  // No certificate, or a server certificate.
  expect(await greets(port, { ca: client.ca })).toBe(false);
  expect(await greets(port, { ...identity(dir, "server"), ca: client.ca })).toBe(false);
});

test("neither side trusts another CA", async () => {
  const [dir, other] = [await temporaryFolder(), await temporaryFolder()];
  await Promise.all([createCertificates({ dir }), createCertificates({ dir: other })]);
  const port = await serve(dir);
  const client = identity(dir, "client");
  await expect(ask(port, "localhost", { ...client, ca: pem(other, "ca.pem") })).rejects.toThrow(
    /unable to (get|verify)|self-signed certificate in certificate chain/,
  );
  expect(await greets(port, { ...identity(other, "client"), ca: pem(dir, "ca.pem") })).toBe(false);
  expect(await greets(port, { ...client, ca: pem(dir, "ca.pem") })).toBe(true);
});

test("an expired server certificate is refused with that reason", async () => {
  const dir = await temporaryFolder();
  await createCertificates({ dir, days: 1, notBefore: new Date("2026-01-01T00:00:00Z") });
  const port = await serve(dir);
  await expect(ask(port, "localhost", { ...identity(dir, "client"), ca: pem(dir, "ca.pem") })).rejects.toMatchObject({
    code: "CERT_HAS_EXPIRED",
  });
});
