// TLS: ALPN selects the version of HTTP. Certificates are renewed while the server runs.
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { Agent, request } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Authority, type Identity, newAuthority } from "../../../rpc/test/authority.ts";
import { patient, startStub } from "../../test/stub.ts";

let authority: Authority;
let identity: Identity;
beforeAll(async () => {
  authority = await newAuthority();
  identity = await authority.issue("first");
});

/** Resolves with the socket after the handshake, or with the error of the handshake. */
async function shake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, ca: authority.cert, servername: "localhost", ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  return socket;
}

/** Resolves with the status of a request, or rejects if the connection ends without a response. */
async function statusOf(socket: TLSSocket): Promise<string> {
  socket.write("GET /name/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return (await text(socket)).slice(9, 12);
}

test.each([
  [["h2", "http/1.1"], "h2"],
  [["http/1.1"], "http/1.1"],
  [[], false],
])("ALPN %j selects %s", async (ALPNProtocols, selected) => {
  const { port } = await startStub({ tls: identity });
  const socket = await shake(port, ALPNProtocols.length === 0 ? {} : { ALPNProtocols });
  expect(socket.alpnProtocol).toBe(selected);
  if (selected !== "h2") expect(await statusOf(socket)).toBe("200");
});

test("requests over both versions have the scheme https", async () => {
  const { url, port, stub } = await startStub({ tls: identity });
  expect(url).toBe(`https://127.0.0.1:${port}`);
  const session = connectHttp2(url, { ca: authority.cert });
  onTestFinished(() => session.destroy());
  expect(await text(session.request({ ":path": "/name/a" }))).toBe('{"name":"a"}');
  const [response] = await once(request(`${url}/name/b`, { ca: authority.cert }).end(), "response");
  expect(await text(response)).toBe('{"name":"b"}');
  expect(stub.requests).toMatchObject([
    { version: 2, scheme: "https", addresses: ["127.0.0.1"] },
    { version: 1, scheme: "https", addresses: ["127.0.0.1"] },
  ]);
});

test("a renewed certificate is used for new connections", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gateway-tls-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const write = (next: Identity) => {
    for (const [path, content] of [
      [cert, next.cert],
      [key, next.key],
    ] as const) {
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
    }
  };
  write(identity);
  const { port } = await startStub({ tls: { cert, key, reloadMs: 20, onReloadError: () => {} } });
  const name = async () => (await shake(port)).getPeerCertificate().subject.CN;
  expect(await name()).toBe("first");
  const old = await shake(port);
  write(await authority.issue("second"));
  await vi.waitFor(async () => expect(await name()).toBe("second"), 5_000);
  expect(await statusOf(old)).toBe("200");
});

test("a certificate without its key is rejected at once", async () => {
  const other = await authority.issue("other");
  await expect(startStub({ tls: { cert: identity.cert, key: other.key } })).rejects.toThrow("does not belong to the certificate");
});

test.each(["required", "optional"] as const)("client certificates: %s", async (clientCertificates) => {
  const { port } = await startStub({ tls: { ...identity, clientCa: authority.cert, clientCertificates } });
  const status = async (options: ConnectionOptions) => {
    try {
      return await statusOf(await shake(port, options));
    } catch (error) {
      return (error as Error).name;
    }
  };
  const foreign = await (await newAuthority()).issue("foreign");
  expect(await status(await authority.issue("client"))).toBe("200");
  expect(await status(foreign)).not.toBe("200");
  if (clientCertificates === "optional") expect(await status({})).toBe("200");
  else expect(await status({})).not.toBe("200");
});

test("a connection without a handshake is closed after headersTimeoutMs", async () => {
  const { port } = await startStub({ tls: identity, limits: { ...patient, headersTimeoutMs: 100 } });
  const silent = connectTcp(port, "127.0.0.1").on("error", () => {});
  await once(silent.resume(), "close");
});

test("bytes that are not TLS end only their connection", async () => {
  const { port } = await startStub({ tls: identity });
  const plain = connectTcp(port, "127.0.0.1").on("error", () => {});
  plain.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(plain.resume(), "close");
  expect(await statusOf(await shake(port))).toBe("200");
});

test.each([["h2"], ["http/1.1"]])("close ends idle %s connections at once, and those in their handshake", async (protocol) => {
  const { server, port } = await startStub({ tls: identity });
  const socket = await shake(port, { ALPNProtocols: [protocol] });
  if (protocol === "h2") socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
  else {
    socket.write("GET /name/a HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
  }
  const silent = connectTcp(port, "127.0.0.1").on("error", () => {});
  await once(silent, "connect");
  for (const one of [socket, silent]) one.resume();
  await server.close(600_000);
});

test.each([["h2"], ["http/1.1"]])("close lets a request over %s finish", async (protocol) => {
  const { server, url, stub } = await startStub({ tls: identity });
  const session = protocol === "h2" ? connectHttp2(url, { ca: authority.cert }) : undefined;
  onTestFinished(() => session?.destroy());
  const ask = (path: string): Promise<string> => {
    if (session !== undefined) return text(session.request({ ":path": path }));
    return once(request(url + path, { ca: authority.cert, agent }).end(), "response").then(([response]) => text(response));
  };
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  await ask("/name/a");
  // A new connection has time for its first request.
  await delay(1_100);
  const answer = ask("/wait");
  await vi.waitUntil(() => stub.waiting.size === 1);
  const closed = server.close(600_000);
  await delay(200);
  for (const response of stub.waiting) response.send(200, {}, "late");
  expect(await answer).toBe("late");
  await closed;
});
