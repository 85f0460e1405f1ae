// Listening addresses: TCP, Unix domain sockets, and TLS with certificates of every kind.
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from "node:http2";
import { connect as connectSocket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { type Authority, type Identity, newAuthority } from "../../../../test/authority.ts";
import { frame, PeerCall } from "../../../../test/http2-peer.ts";
import { Served } from "../../../../test/served.ts";
import { Code } from "../../../protocol/code.ts";
import { TlsFileError } from "../../../security/pem.ts";
import type { ServerTls } from "../../../security/tls.ts";

let authority: Authority;
let server: Identity;
let client: Identity;
beforeAll(async () => {
  authority = await newAuthority();
  [server, client] = await Promise.all([authority.issue("server"), authority.issue("client")]);
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "grpc-study-listen-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A server whose calls end with OK. */
function newServer(): Served {
  const served = new Served();
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.from("reply"), false);
  onTestFinished(() => served.transport.destroy());
  return served;
}

const listenTls = (served: Served, tls: ServerTls) => served.listen({ host: "127.0.0.1", port: 0 }, tls);

/** Makes one call. Resolves with the status code, or NaN if the connection failed. */
async function callOnce(session: ClientHttp2Session): Promise<number> {
  onTestFinished(() => session.destroy());
  session.on("error", () => {});
  const call = new PeerCall(
    session.request({ ":method": "POST", ":path": "/test.v1.TestService/Unary", "content-type": "application/grpc", "user-agent": "peer" }),
  );
  call.stream.end(frame());
  const status = await call.status();
  session.destroy();
  return status;
}

const overTls = (served: Served, options: SecureClientSessionOptions = {}) =>
  callOnce(connect(`https://localhost:${served.port}`, { host: "127.0.0.1", ca: authority.cert, ...options }));

test("an IPv6 peer has brackets", async () => {
  const served = newServer();
  const { port } = await served.transport.listen({ host: "::1", port: 0 }, undefined);
  expect(await callOnce(connect(`http://[::1]:${port}`))).toBe(Code.OK);
  expect(served.calls[0]?.stream.peer).toMatch(/^\[::1\]:\d+$/);
  const both = await served.transport.listen({ host: "::", port: 0 }, undefined);
  expect(await callOnce(connect(`http://127.0.0.1:${both.port}`))).toBe(Code.OK);
  expect(served.calls[1]?.stream.peer).toMatch(/^127\.0\.0\.1:\d+$/);
});

test("an address in use rejects with the system's error", async () => {
  const served = await newServer().listen();
  await expect(newServer().transport.listen({ host: "127.0.0.1", port: served.port }, undefined)).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});

test("a Unix domain socket carries calls, is the name of the peer, and is removed with its server", async () => {
  const path = join(folder(), "s.sock");
  const served = newServer();
  expect(await served.transport.listen({ host: "", port: 0, path }, undefined)).toMatchObject({ port: 0 });
  const call = () => callOnce(connect("http://localhost", { createConnection: () => connectSocket(path) }));
  expect(await call()).toBe(Code.OK);
  expect(served.calls[0]?.stream.peer).toBe(`unix:${path}`);
  await expect(newServer().transport.listen({ host: "", port: 0, path }, undefined)).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(await call()).toBe(Code.OK);
  await served.transport.drain();
  expect(existsSync(path)).toBe(false);
});

test("a socket of a killed server is replaced; a regular file is not", async () => {
  const path = join(folder(), "s.sock");
  // Node removes the socket of a server that it closes. A renamed socket stays.
  const stale = createServer().listen(`${path}.1`);
  await once(stale, "listening");
  const { renameSync } = await import("node:fs");
  renameSync(`${path}.1`, path);
  stale.close();
  await once(stale, "close");
  expect(existsSync(path)).toBe(true);
  const served = newServer();
  await served.transport.listen({ host: "", port: 0, path }, undefined);
  expect(await callOnce(connect("http://localhost", { createConnection: () => connectSocket(path) }))).toBe(Code.OK);

  const file = join(folder(), "file");
  writeFileSync(file, "precious");
  await expect(newServer().transport.listen({ host: "", port: 0, path: file }, undefined)).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(existsSync(file)).toBe(true);
});

test("TLS: files and PEM text work, for clients that trust the authority only", async () => {
  const path = folder();
  const files = { cert: join(path, "s.pem"), key: join(path, "s.key") };
  writeFileSync(files.cert, server.cert);
  writeFileSync(files.key, server.key);
  for (const tls of [server, files]) {
    const served = await listenTls(newServer(), tls);
    expect(await overTls(served)).toBe(Code.OK);
    expect(served.calls[0]?.stream.clientCertificate).toBeUndefined();
    expect(await overTls(served, { ca: [] })).toBe(Number.NaN);
  }
});

test("TLS: an unusable certificate rejects, and the server does not listen", async () => {
  const served = newServer();
  await expect(listenTls(served, { cert: server.cert, key: client.key })).rejects.toThrow(TlsFileError);
});

test("TLS: a client without HTTP/2 in ALPN is disconnected", async () => {
  const served = await listenTls(newServer(), server);
  for (const options of [{}, { ALPNProtocols: ["http/1.1"] }]) {
    const socket = connectTls({ port: served.port, host: "127.0.0.1", ca: authority.cert, servername: "localhost", ...options });
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {}).resume();
    await new Promise((resolve) => socket.once("close", resolve));
  }
  expect(await overTls(served)).toBe(Code.OK);
});

test("mutual TLS: a client needs a certificate of the authority, and the handler sees it", async () => {
  const served = await listenTls(newServer(), { ...server, clientCa: authority.cert });
  expect(await overTls(served, client)).toBe(Code.OK);
  const { clientCertificate } = served.calls[0]?.stream ?? {};
  expect(clientCertificate?.subject).toBe("CN=client");
  const stranger = await (await newAuthority()).issue("stranger");
  expect(await overTls(served, stranger)).toBe(Number.NaN);
  expect(await overTls(served)).toBe(Number.NaN);
  expect(served.calls).toHaveLength(1);
  // The certificate stays available after the connection has closed.
  expect(served.calls[0]?.stream.clientCertificate?.subject).toBe("CN=client");
});

test("mutual TLS with optional certificates: a client may present none, but not an untrusted one", async () => {
  const served = await listenTls(newServer(), { ...server, clientCa: authority.cert, clientCertificates: "optional" });
  expect(await overTls(served, client)).toBe(Code.OK);
  expect(await overTls(served)).toBe(Code.OK);
  expect(served.calls.map(({ stream }) => stream.clientCertificate?.subject)).toEqual(["CN=client", undefined]);
  const stranger = await (await newAuthority()).issue("stranger");
  expect(await overTls(served, stranger)).toBe(Number.NaN);
  const expired = await authority.issue("expired", -1_000);
  expect(await overTls(served, expired)).toBe(Number.NaN);
  expect(served.calls).toHaveLength(2);
});

test("renewed certificates apply to new connections, and open ones stay open", async () => {
  const path = folder();
  const files = { cert: join(path, "s.pem"), key: join(path, "s.key") };
  const write = (identity: Identity) => {
    writeFileSync(files.cert, identity.cert);
    writeFileSync(files.key, identity.key);
  };
  write(server);
  const served = await listenTls(newServer(), { ...files, reloadMs: 20, onReloadError: () => {} });
  const subjectOf = async () => {
    const socket = connectTls({ port: served.port, host: "127.0.0.1", ca: authority.cert, servername: "localhost", ALPNProtocols: ["h2"] });
    onTestFinished(() => void socket.destroy());
    await once(socket, "secureConnect");
    return [String(socket.getPeerCertificate().subject.CN), socket] as const;
  };
  const [first, open] = await subjectOf();
  expect(first).toBe("server");
  write(await authority.issue("renewed"));
  for (let subject = first; subject !== "renewed"; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    [subject] = await subjectOf();
  }
  expect(open.destroyed).toBe(false);
});

test("addresses with the same options report a bad renewed file once", async () => {
  const path = folder();
  const files = { cert: join(path, "s.pem"), key: join(path, "s.key") };
  writeFileSync(files.cert, server.cert);
  writeFileSync(files.key, server.key);
  const errors: TlsFileError[] = [];
  const tls = { ...files, reloadMs: 10, onReloadError: (error: TlsFileError) => errors.push(error) };
  const served = await listenTls(newServer(), tls);
  await served.transport.listen({ host: "::1", port: 0 }, tls);
  writeFileSync(files.cert, client.cert);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(errors).toHaveLength(1);
});
