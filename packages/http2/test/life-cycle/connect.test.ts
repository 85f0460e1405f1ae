// How client and server connections start (RFC 9113, section 3).
import { once } from "node:events";
import { connect as connectNode } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { attachClient, connect, createServer, HeaderList } from "../../src/index.ts";
import { echoServer } from "../echo.ts";
import { type Certificate, selfSigned } from "../oracle/certificate.ts";
import { data, flag, headers, ping, preface, settings, settingsAck, type } from "../raw/frames.ts";
import { request, response } from "../raw/hpack.ts";
import { rawClient, rawServer, readyClient } from "../raw/peer.ts";
import { Recorder } from "../recorder.ts";

const post = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });

/** A TCP server: the test decides what it sends on a connection. */
async function tcpServer(serve: (socket: Socket) => void): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe.concurrent("connect rejects", () => {
  test.each([
    ["an HTTP/1.1 server", (socket: Socket) => socket.write("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")],
    ["a server whose first frame is not SETTINGS", (socket: Socket) => socket.write(Buffer.concat([ping(), settings()]))],
    ["a server whose first frame is an acknowledgement of SETTINGS", (socket: Socket) => socket.write(settingsAck)],
    ["a server that closes immediately", (socket: Socket) => socket.end()],
    ["a server that resets immediately", (socket: Socket) => socket.resetAndDestroy()],
  ])("%s", async (_, serve) => {
    await using server = await tcpServer(serve);
    await expect(connect({ host: "127.0.0.1", port: server.port })).rejects.toThrow(/\S/);
  });

  test("a silent server, after the timeout", async () => {
    await using server = await tcpServer(() => {});
    const start = performance.now();
    await expect(connect({ host: "127.0.0.1", port: server.port, timeout: 200 })).rejects.toThrow(/200|time/i);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test("a closed port", async () => {
    const server = await tcpServer(() => {});
    await server[Symbol.asyncDispose]();
    await expect(connect({ host: "127.0.0.1", port: server.port })).rejects.toThrow(/ECONNREFUSED/);
  });

  test.each([{ port: 65_536 }, { port: -1 }, { port: 1, initialWindowSize: -1 }, { port: 1, keepalive: { interval: 0 } }])(
    "an option that is out of range: %o",
    async (options) => {
      await expect(connect({ host: "127.0.0.1", ...options })).rejects.toThrow(RangeError);
    },
  );

  test("when its signal is aborted, with the signal's reason", async () => {
    await using server = await tcpServer(() => {});
    const controller = new AbortController();
    const reason = new Error("given up");
    setTimeout(() => controller.abort(reason), 50);
    await expect(connect({ host: "127.0.0.1", port: server.port, signal: controller.signal })).rejects.toBe(reason);
    await expect(connect({ host: "127.0.0.1", port: server.port, signal: controller.signal })).rejects.toBe(reason);
  });
});

describe("TLS", () => {
  let certificate: Certificate;
  beforeAll(async () => {
    certificate = await selfSigned();
  });

  test("a call; ALPN is h2", async () => {
    await using server = await echoServer({ tls: certificate });
    const connection = await connect({ host: "127.0.0.1", port: server.port, tls: { ca: certificate.cert, servername: "localhost" } });
    const recorder = new Recorder();
    connection.request(post, recorder, Buffer.from("secret"), true);
    expect(await recorder.outcome).toMatchObject({ status: 200, bytes: 6, reset: undefined });
    expect(connection.socket).toMatchObject({ alpnProtocol: "h2" });
    connection.destroy();
  });

  test("a client rejects a server that does not choose h2", async () => {
    const server = createTlsServer({ ...certificate, ALPNProtocols: ["http/1.1"] });
    server.on("tlsClientError", () => {});
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await expect(connect({ host: "127.0.0.1", port, tls: { ca: certificate.cert, servername: "localhost" } })).rejects.toThrow(/\S/);
    const without = createTlsServer({ ...certificate });
    without.listen(0, "127.0.0.1");
    await once(without, "listening");
    const other = (without.address() as AddressInfo).port;
    await expect(connect({ host: "127.0.0.1", port: other, tls: { ca: certificate.cert, servername: "localhost" } })).rejects.toThrow(
      /h2|ALPN/,
    );
    server.close();
    without.close();
  });

  test("a client rejects a certificate that it does not trust", async () => {
    await using server = await echoServer({ tls: certificate });
    await expect(connect({ host: "127.0.0.1", port: server.port, tls: { servername: "localhost" } })).rejects.toThrow(
      /self-signed|certificate/i,
    );
    expect(server.server.connections.size).toBe(0);
  });

  test("a server rejects clients that offer only http/1.1, and survives plain bytes", async () => {
    await using server = await echoServer({ tls: certificate });
    const socket = connectTls({
      host: "127.0.0.1",
      port: server.port,
      ca: certificate.cert,
      servername: "localhost",
      ALPNProtocols: ["http/1.1"],
    });
    await new Promise((resolve) => socket.once("error", resolve).once("close", resolve));
    using plain = await rawClient(server.port);
    await plain.closed;
    const connection = await connect({ host: "127.0.0.1", port: server.port, tls: { ca: certificate.cert, servername: "localhost" } });
    connection.destroy();
  });
});

describe.concurrent("byte streams", () => {
  test("a Unix domain socket", async () => {
    const path = join(tmpdir(), `http2-${process.pid}.sock`);
    const server = createServer({
      onStream: (stream) => {
        stream.respond(HeaderList.response(200));
        return {};
      },
    });
    await server.listen({ path });
    const connection = await connect({ path });
    const recorder = new Recorder();
    connection.request(post, recorder, undefined, true);
    expect((await recorder.outcome).status).toBe(200);
    connection.destroy();
    server.destroy();
  });

  test("an in-memory pair: requests can be sent immediately", async () => {
    const [near, far] = duplexPair();
    const server = createServer({
      onStream: (stream) => {
        stream.respond(HeaderList.response(200), Buffer.from("pair"));
        return {};
      },
    });
    const connection = attachClient(near);
    const recorder = new Recorder();
    connection.request(post, recorder, undefined, true);
    server.attach(far);
    expect(await recorder.outcome).toMatchObject({ status: 200, bytes: 4 });
    await Promise.all([new Promise((resolve) => near.once("close", resolve)), connection.close(), server.close()]);
    expect(connection.state).toBe("closed");
  });

  test("bytes that arrive one at a time, in both directions", async () => {
    await using server = await echoServer();
    using peer = await rawClient(server.port, { handshake: false });
    const block = request();
    for (const byte of Buffer.concat([
      preface,
      settings(),
      settingsAck,
      headers(1, block, flag.endHeaders),
      data(1, "hello"),
      data(1, "", flag.endStream),
    ])) {
      peer.send(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await peer.streamEnd(1);
    expect(peer.reset(1)).toBeUndefined();

    await using raw = await rawServer({ handshake: false });
    const connecting = connect({ host: "127.0.0.1", port: raw.port });
    const other = await raw.accept();
    const drip = async (bytes: Uint8Array) => {
      for (const byte of bytes) {
        other.send(Buffer.of(byte));
        await new Promise(setImmediate);
      }
    };
    await drip(Buffer.concat([settings([4, 70_000]), settingsAck]));
    const connection = await connecting;
    expect(connection.remoteSettings.initialWindowSize).toBe(70_000);
    const recorder = new Recorder();
    connection.request(post, recorder, undefined, true);
    await other.next(({ kind }) => kind === type.headers);
    await drip(Buffer.concat([headers(1, response(), flag.endHeaders), data(1, "hello", flag.endStream)]));
    expect(await recorder.outcome).toMatchObject({ status: 200, bytes: 5 });
    connection.destroy();
  });

  test("connections beyond maxConnections are closed immediately", async () => {
    await using server = await echoServer({ maxConnections: 2 });
    using first = await readyClient(server.port);
    using second = await readyClient(server.port);
    using third = await rawClient(server.port);
    await third.closed;
    expect(await first.ping()).toBe(true);
    second[Symbol.dispose]();
    await second.closed;
    while (server.server.connections.size > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    using fourth = await readyClient(server.port);
    expect(await fourth.ping()).toBe(true);
  });

  test("listen rejects an address that is in use", async () => {
    await using server = await echoServer();
    await expect(createServer({ onStream: () => ({}) }).listen({ host: "127.0.0.1", port: server.port })).rejects.toThrow(/EADDRINUSE/);
  });

  test("a server listens on two addresses", async () => {
    await using server = await echoServer();
    const { port } = await server.server.listen({ host: "127.0.0.1", port: 0 });
    for (const one of [port, server.port]) {
      const session = connectNode(`http://127.0.0.1:${one}`);
      await once(session, "remoteSettings");
      session.destroy();
    }
  });
});
