// How connections are made, and the errors for those that fail.

import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import { createSecureServer as createHttp2SecureServer, createServer as createHttp2Server } from "node:http2";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { goaway, settings } from "../../../../../http2/test/raw/frames.ts";
import { cannotConnect, dialerFor, dialTo, statusOf, TestCall } from "../../../../test/attempts.ts";
import { type Authority, type Identity, newAuthority } from "../../../../test/authority.ts";
import { eventually } from "../../../../test/eventually.ts";
import { failureOf } from "../../../../test/harness.ts";
import { frame } from "../../../../test/http2-peer.ts";
import { Code } from "../../../protocol/code.ts";
import { Certificates } from "../../../security/certificates.ts";

let authority: Authority;
let server: Identity;
let client: Identity;
beforeAll(async () => {
  authority = await newAuthority();
  server = await authority.issue("server");
  client = await authority.issue("client");
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "dial-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** Listens with a Node server on a free port or a path. Returns its address. */
async function listen(server: net.Server, path?: string): Promise<string> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => sockets.add(socket.on("error", () => {})));
  server.on("tlsClientError", () => {});
  if (path === undefined) server.listen(0, "127.0.0.1");
  else server.listen(path);
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path === undefined ? `127.0.0.1:${(server.address() as net.AddressInfo).port}` : `unix:${path}`;
}

/** A server that runs a function for each connection. */
const sockets = (onSocket: (socket: net.Socket) => void) => listen(net.createServer(onSocket));

/** Answers each call with an empty message, and reports its header. */
function answering<Server extends ReturnType<typeof createHttp2Server> | ReturnType<typeof createHttp2SecureServer>>(
  server: Server,
  seen: Record<string, unknown>[] = [],
): Server {
  return server.on("stream", (stream: import("node:http2").ServerHttp2Stream, headers: Record<string, unknown>) => {
    seen.push(headers);
    stream.on("error", () => {}).resume();
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(frame());
  }) as Server;
}

async function expectOk(target: string, options: Parameters<typeof dialTo>[1] = {}): Promise<string> {
  const connection = await dialTo(target, options);
  expect(await statusOf(connection, "unary")).toMatchObject({ code: Code.OK });
  return connection.peer;
}

test("connects to a host and to a Unix domain socket", async () => {
  const target = await listen(answering(createHttp2Server()));
  expect(await expectOk(target)).toBe(target);
  const path = await listen(answering(createHttp2Server()), join(folder(), "server.sock"));
  expect(await expectOk(path)).toBe(path);
});

test("a connection keeps the process alive only while it has calls", async () => {
  const target = await listen(
    createHttp2Server().on("stream", (stream) => {
      stream.on("error", () => {}).respond({ ":status": 200, "content-type": "application/grpc" });
    }),
  );
  const ref = vi.spyOn(net.Socket.prototype, "ref");
  const unref = vi.spyOn(net.Socket.prototype, "unref");
  onTestFinished(() => {
    ref.mockRestore();
    unref.mockRestore();
  });
  const connection = await dialTo(target);
  expect(unref).toHaveBeenCalled();
  unref.mockClear();
  const calls = [new TestCall(connection, "unary"), new TestCall(connection, "unary")];
  expect(ref).toHaveBeenCalledTimes(1);
  expect(connection.calls).toBe(2);
  for (const call of calls) call.stream.cancel(Code.CANCELLED, "");
  expect(unref).toHaveBeenCalledTimes(1);
  expect(connection.calls).toBe(0);
});

// TLS.

const certificates = (options: ConstructorParameters<typeof Certificates>[0] = { ca: authority.cert }) => new Certificates(options);
const secureServer = (options: tls.TlsOptions = {}) => createHttp2SecureServer({ ...server, ...options });

test("TLS: checks the server name, sends it by SNI unless it is an address, and uses the scheme https", async () => {
  const seen: Record<string, unknown>[] = [];
  const names: unknown[] = [];
  const secure = answering(secureServer(), seen).on("secureConnection", (socket: tls.TLSSocket) => names.push(socket.servername));
  const target = await listen(secure);
  await expectOk(target, { certificates: certificates(), serverName: "localhost", authority: "shop.example" });
  await expectOk(target, { certificates: certificates(), serverName: "127.0.0.1" });
  expect(seen[0]).toMatchObject({ ":scheme": "https", ":authority": "shop.example" });
  expect(names).toEqual(["localhost", false]);
});

test("mutual TLS uses renewed certificate files", async () => {
  const subjects: string[] = [];
  const secure = answering(secureServer({ ca: authority.cert, requestCert: true })).on("secureConnection", (socket: tls.TLSSocket) =>
    subjects.push(String(socket.getPeerCertificate().subject.CN)),
  );
  const target = await listen(secure);
  const [cert, key] = [join(folder(), "cert.pem"), join(folder(), "key.pem")];
  const write = (identity: Identity) => {
    writeFileSync(cert, identity.cert);
    writeFileSync(key, identity.key);
  };
  write(client);
  const files = certificates({ ca: authority.cert, cert, key });
  const dial = dialerFor(target, { certificates: files });
  expect(await statusOf(await dial(), "unary")).toMatchObject({ code: Code.OK });
  write(await authority.issue("renewed"));
  await files.reload();
  expect(await statusOf(await dial(), "unary")).toMatchObject({ code: Code.OK });
  expect(subjects).toEqual(["client", "renewed"]);
});

// Failures.

test("a port without a listener, or a missing socket, rejects", async () => {
  const target = await listen(net.createServer());
  const free = await new Promise<string>((resolve) => {
    const probe = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(`127.0.0.1:${port}`));
    });
  });
  expect(target).not.toBe(free);
  expect(await failureOf(dialTo(free))).toMatchObject(cannotConnect(free, "connection refused: nothing listens there"));
  const path = `unix:${join(folder(), "none.sock")}`;
  expect(await failureOf(dialTo(path))).toMatchObject(cannotConnect(path, "there is no such socket"));
  const long = `unix:/${"x".repeat(200)}`;
  const tooLong = "the path has 201 bytes, and the system takes about 100: choose a shorter one";
  expect(await failureOf(dialTo(long))).toMatchObject(cannotConnect(long, tooLong));
  const file = join(folder(), "file");
  writeFileSync(file, "");
  expect(await failureOf(dialTo(`unix:${file}`))).toMatchObject({
    message: expect.stringMatching(/: (?:connection refused: nothing listens there|it is not a socket)$/),
  });
});

test("a server with or without TLS, or with another protocol, rejects with the mismatch", async () => {
  const secure = await listen(secureServer());
  expect(await failureOf(dialTo(secure))).toMatchObject({
    message: expect.stringMatching(/ (?:does it expect TLS\?|the server expects TLS)$/),
  });
  // OpenSSL sends an alert for unexpected data.
  const alert = await sockets((socket) => socket.end(Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])));
  expect(await failureOf(dialTo(alert))).toMatchObject(cannotConnect(alert, "the server expects TLS"));
  const plain = await listen(createHttp2Server());
  const options = { certificates: certificates() };
  expect(await failureOf(dialTo(plain, options))).toMatchObject(cannotConnect(plain, "the server does not speak TLS"));
  const web = await listen(http.createServer((_request, response) => response.end("hello")));
  expect(await failureOf(dialTo(web))).toMatchObject(cannotConnect(web, "the server speaks HTTP/1.1, not HTTP/2"));
  expect(await failureOf(dialTo(web, options))).toMatchObject(cannotConnect(web, "the server does not speak TLS"));
  const ssh = await sockets((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"));
  expect(await failureOf(dialTo(ssh))).toMatchObject(cannotConnect(ssh, "the server speaks SSH, not HTTP/2"));
});

test("a TLS server without HTTP/2 rejects", async () => {
  const { cert, key } = server;
  const options = { certificates: certificates() };
  const silent = await listen(tls.createServer({ cert, key }));
  expect(await failureOf(dialTo(silent, options))).toMatchObject(
    cannotConnect(silent, "the server does not offer HTTP/2 in the TLS handshake (ALPN)"),
  );
  const old = await listen(tls.createServer({ cert, key, ALPNProtocols: ["http/1.1"] }));
  expect(await failureOf(dialTo(old, options))).toMatchObject({
    message: expect.stringMatching(/the server does not (?:offer|speak) HTTP\/2/),
  });
});

test("a server certificate that is expired, for another host, or from an unknown authority rejects", async () => {
  const target = await listen(secureServer());
  const fails = async (options: Parameters<typeof dialTo>[1], cause: string, at = target) =>
    expect(await failureOf(dialTo(at, options))).toMatchObject(cannotConnect(at, cause));
  const notTrusted = "the server's certificate is not signed by an authority that this client trusts";
  await fails({ certificates: certificates({}) }, notTrusted);
  await fails({ certificates: certificates({ ca: (await newAuthority()).cert }) }, notTrusted);
  const names = "the server's certificate is not for shop.example, but for DNS:localhost, IP Address:127.0.0.1";
  await fails({ certificates: certificates(), serverName: "shop.example" }, names);
  await fails({ certificates: certificates(), serverName: "10.0.0.1" }, "the server's certificate is not for 10.0.0.1, but for 127.0.0.1");
  const expired = await listen(createHttp2SecureServer(await authority.issue("late", -60_000)));
  await fails({ certificates: certificates() }, "the server's certificate has expired", expired);
});

test("a client certificate that the server rejects, in TLS 1.3 and 1.2", async () => {
  const stranger = await (await newAuthority()).issue("stranger");
  const none: Readonly<Record<"TLSv1.3" | "TLSv1.2", string>> = {
    "TLSv1.3": "the server requires a client certificate",
    "TLSv1.2": "the server rejected the TLS handshake: does it require a client certificate, or other ciphers?",
  };
  for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
    const target = await listen(secureServer({ ca: authority.cert, requestCert: true, rejectUnauthorized: true, maxVersion }));
    expect(await failureOf(dialTo(target, { certificates: certificates() }))).toMatchObject(cannotConnect(target, none[maxVersion]));
    // Node's server resets the connection without an alert.
    expect(await failureOf(dialTo(target, { certificates: certificates({ ca: authority.cert, ...stranger }) }))).toMatchObject(
      cannotConnect(
        target,
        "the server closed the connection during the handshake: does it trust this client's certificate, if it asks for one?",
      ),
    );
  }
});

test("a connection that is closed or reset before SETTINGS rejects", async () => {
  const closes = await sockets((socket) => socket.end());
  const cause = "the server closed the connection during the handshake: does it expect TLS?";
  expect(await failureOf(dialTo(closes))).toMatchObject(cannotConnect(closes, cause));
  const resets = await sockets((socket) => socket.once("data", () => socket.resetAndDestroy()));
  expect(await failureOf(dialTo(resets))).toMatchObject(cannotConnect(resets, cause));
});

test("SETTINGS followed by GOAWAY or the end in one chunk rejects", async () => {
  const leaves = await sockets((socket) => socket.write(Buffer.concat([settings(), goaway(0, 11, "too many connections")])));
  expect(await failureOf(dialTo(leaves))).toMatchObject(
    cannotConnect(leaves, "the server takes no calls: ENHANCE_YOUR_CALM (too many connections)"),
  );
  const quiet = await sockets((socket) => socket.write(Buffer.concat([settings(), goaway(0, 0)])));
  expect(await failureOf(dialTo(quiet))).toMatchObject(cannotConnect(quiet, "the server takes no calls: NO_ERROR"));
});

test("a signal aborts each step with its reason, and closes the socket", async () => {
  const reason = new Error("enough");
  const opened: net.Socket[] = [];
  const silent = await sockets((socket) => opened.push(socket));
  const dials = [
    dialerFor(silent),
    dialerFor(silent, { certificates: certificates() }),
    dialerFor("shop.example:1", { proxy: { host: "127.0.0.1", port: Number(silent.split(":")[1]), authorization: undefined } }),
  ];
  for (const [index, dial] of dials.entries()) {
    const controller = new AbortController();
    const failure = failureOf(dial(controller.signal));
    await eventually(() => expect(opened).toHaveLength(index + 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort(reason);
    expect(await failure).toBe(reason);
    await eventually(() => expect(opened[index]?.resume().readableEnded || opened[index]?.destroyed).toBe(true));
  }
  expect(await failureOf(dialerFor(silent)(AbortSignal.abort(reason)))).toBe(reason);
});

// Proxies.

/** A proxy that connects every tunnel to one server, and reports the requests. */
async function proxyTo(target: string, respond = "HTTP/1.1 200 Connection established\r\n\r\n") {
  const asked: string[] = [];
  const address = await sockets((socket) => {
    socket.once("data", (request) => {
      asked.push(request.toString());
      socket.write(respond);
      if (!respond.includes(" 200 ")) return;
      const [host, port] = target.split(":");
      const upstream = net.connect(Number(port), host).on("error", () => {});
      socket.pipe(upstream).pipe(socket);
    });
  });
  const [host = "", port] = address.split(":");
  return { asked, proxy: { host, port: Number(port), authorization: "Basic dXNlcjpzZWNyZXQ=" } };
}

test("a tunnel uses the service name for the proxy, the server and the certificate check", async () => {
  const seen: Record<string, unknown>[] = [];
  const plain = await proxyTo(await listen(answering(createHttp2Server(), seen)));
  expect(await expectOk("shop.example:50051", { proxy: plain.proxy })).toBe("shop.example:50051");
  expect(plain.asked).toEqual([
    "CONNECT shop.example:50051 HTTP/1.1\r\nHost: shop.example:50051\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n",
  ]);
  expect(seen[0]).toMatchObject({ ":authority": "shop.example:50051" });
  const secure = await proxyTo(await listen(answering(secureServer(), seen)));
  await expectOk("localhost:50051", { proxy: secure.proxy, certificates: certificates() });
  expect(
    await failureOf(dialTo("shop.example:50051", { proxy: secure.proxy, certificates: certificates(), serverName: "shop.example" })),
  ).toMatchObject(
    cannotConnect("shop.example:50051", "the server's certificate is not for shop.example, but for DNS:localhost, IP Address:127.0.0.1"),
  );
});

test("a proxy's answer may arrive in pieces, with fields, and with the server's first bytes", async () => {
  const target = await listen(answering(createHttp2Server()));
  const address = await sockets((socket) => {
    socket.once("data", async () => {
      const upstream = net.connect(Number(target.split(":")[1]), "127.0.0.1").on("error", () => {});
      for (const piece of ["HTTP/1.", "1 200 OK\r\nVia: a\r", "\nX: y\r\n"]) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      // Node's server sends its SETTINGS at once.
      const [first] = (await once(upstream, "data")) as [Buffer];
      socket.write(Buffer.concat([Buffer.from("\r\n"), first]));
      socket.pipe(upstream).pipe(socket);
    });
  });
  const [host = "", port] = address.split(":");
  await expectOk("shop.example:50051", { proxy: { host, port: Number(port), authorization: undefined } });
});

test("a Unix domain socket is reached without the proxy", async () => {
  const path = await listen(answering(createHttp2Server()), join(folder(), "server.sock"));
  await expectOk(path, { proxy: { host: "127.0.0.1", port: 1, authorization: undefined } });
});

test("a proxy that rejects the tunnel, is not a proxy, or is missing rejects", async () => {
  const target = "shop.example:50051";
  const fails = async (respond: string, cause: string) => {
    const { proxy } = await proxyTo("127.0.0.1:1", respond);
    const failure = await failureOf(dialTo(target, { proxy }));
    expect(failure).toMatchObject(cannotConnect(target, `the proxy 127.0.0.1:${proxy.port}: ${cause}`));
    expect(String(failure)).not.toContain("dXNlcjpzZWNyZXQ");
  };
  await fails(
    "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
    "it rejects the tunnel with HTTP status 407 Proxy Authentication Required",
  );
  await fails("HTTP/1.1 503\r\n\r\n", "it rejects the tunnel with HTTP status 503");
  await fails("220 smtp.example ESMTP\r\n\r\n", "it does not answer CONNECT as an HTTP proxy does");
  await fails("x".repeat(20_000), "it does not answer CONNECT as an HTTP proxy does");
  const gone = await sockets((socket) => socket.once("data", () => socket.end()));
  const port = Number(gone.split(":")[1]);
  expect(await failureOf(dialTo(target, { proxy: { host: "127.0.0.1", port, authorization: undefined } }))).toMatchObject(
    cannotConnect(target, `the proxy ${gone}: it closed the connection`),
  );
  expect(await failureOf(dialTo(target, { proxy: { host: "127.0.0.1", port: 1, authorization: undefined } }))).toMatchObject(
    cannotConnect(target, "the proxy 127.0.0.1:1: connection refused: nothing listens there"),
  );
});
