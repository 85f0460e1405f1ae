// The server with both versions of HTTP on one port: addresses, limits, and clients of all kinds.
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { ListenError } from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { data, frame, opening, requestHeader } from "../../test/http2-frames.ts";
import { errors, patient, Stub, startStub } from "../../test/stub.ts";
import { Server } from "./server.ts";

function open(port: number, host = "127.0.0.1"): Socket {
  const socket = connect(port, host).on("error", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

function session(url: string): ClientHttp2Session {
  const session = connectHttp2(url).on("error", () => {});
  onTestFinished(() => session.destroy());
  return session;
}

function newServer(): Server {
  const server = new Server({ handler: new Stub().handle, errors });
  onTestFinished(() => server.close(0));
  return server;
}

/** The error code of the GOAWAY frame that a socket receives before it is closed. */
async function goawayOf(socket: Socket): Promise<number | undefined> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket.on("error", () => {})) bytes = Buffer.concat([bytes, chunk as Buffer]);
  let code: number | undefined;
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) if (bytes[at + 3] === 7) code = bytes.readUInt32BE(at + 13);
  return code;
}

describe("listen", () => {
  test("a name, an address of each family, and both loopback addresses for localhost", async () => {
    const server = newServer();
    const { url, port, host } = await server.listen("localhost:0");
    expect([url, host]).toEqual([`http://localhost:${port}`, "localhost"]);
    for (const address of ["127.0.0.1", "[::1]"]) expect((await fetch(`http://${address}:${port}/name/a`)).status).toBe(200);
    expect(server.hosts).toEqual(expect.arrayContaining(["localhost", "127.0.0.1", "[::1]"]));
    const v6 = await server.listen("[::1]:0");
    expect(v6).toEqual({ url: `http://[::1]:${v6.port}`, port: v6.port, host: "::1" });
    expect((await fetch(`${v6.url}/name/a`)).status).toBe(200);
    const all = await server.listen("0.0.0.0:0");
    expect((await fetch(`http://127.0.0.1:${all.port}/name/a`)).status).toBe(200);
    expect(server.hosts).toContain("*");
  });

  test("a Unix domain socket serves both versions, and is removed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gateway-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "a.sock");
    const stub = new Stub();
    const server = new Server({ handler: stub.handle, errors, limits: patient });
    expect(await server.listen(`unix:${path}`)).toEqual({ url: `unix:${path}`, host: "", port: 0 });
    const [response] = await once(request({ socketPath: path, path: "/name/a" }).end(), "response");
    expect(await text(response)).toBe('{"name":"a"}');
    const client = connectHttp2("http://localhost", { createConnection: () => connect(path) });
    expect(await text(client.request({ ":path": "/name/a" }))).toBe('{"name":"a"}');
    expect(stub.requests.map(({ addresses }) => addresses)).toEqual([["unknown"], ["unknown"]]);
    client.close();
    await server.close(0);
    expect(existsSync(path)).toBe(false);
  });

  test("an address in use, a wrong one, and a closed server are errors that name it", async () => {
    const other = createTcpServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const server = newServer();
    const inUse = await server.listen(`127.0.0.1:${port}`).catch((error: unknown) => error);
    expect(inUse).toBeInstanceOf(ListenError);
    expect(inUse).toMatchObject({ code: "EADDRINUSE", message: `cannot listen on 127.0.0.1:${port}: the address is already in use` });
    await expect(server.listen("8080")).rejects.toThrow('"8080" is not an address');
    await server.close(0);
    await expect(server.listen("127.0.0.1:0")).rejects.toThrow("the gateway has been closed");
  });
});

test.each<[Record<string, unknown>, string]>([
  [{ maxHeaderBytes: 0 }, "limits.maxHeaderBytes must be an integer of at least 1, or Infinity, got 0"],
  [{ maxConnections: "5" }, "limits.maxConnections must be an integer of at least 1, or Infinity, got '5'"],
  [{ headersTimeoutMs: 2 ** 31 }, "limits.headersTimeoutMs must be more than 0 and at most 2147483647 milliseconds, got 2147483648"],
  [{ maxStreams: 5 }, 'limits has no option "maxStreams"'],
])("the limits %j are an error", (limits, message) => {
  expect(() => new Server({ handler: () => {}, errors, limits })).toThrow(message);
});

describe("limits", () => {
  test("connections above maxConnections are closed, and a closed one frees its place", async () => {
    const { url, port } = await startStub({ limits: { ...patient, maxConnections: 1 } });
    const first = open(port);
    first.write(opening);
    await once(first, "data");
    await once(open(port).resume(), "close");
    first.destroy();
    await expect.poll(async () => (await fetch(`${url}/name/a`).catch(() => undefined))?.status).toBe(200);
  });

  test("maxConcurrentStreams is announced, and further streams are refused", async () => {
    const { url, stub } = await startStub({ limits: { ...patient, maxConcurrentStreams: 1 } });
    const client = session(url);
    const first = client.request({ ":path": "/wait" }).on("error", () => {});
    await once(client, "remoteSettings");
    expect(client.remoteSettings.maxConcurrentStreams).toBe(1);
    await vi.waitUntil(() => stub.running === 1);
    const second = client.request({ ":path": "/name/a" });
    first.close(constants.NGHTTP2_CANCEL);
    expect(await text(second)).toBe('{"name":"a"}');
    const { port } = new URL(url);
    const raw = open(Number(port));
    raw.write(Buffer.concat([opening, requestHeader(1, { ":path": "/wait" }, true), requestHeader(3, { ":path": "/wait" }, true)]));
    let refused: Buffer = Buffer.alloc(0);
    raw.on("data", (chunk: Buffer) => {
      refused = Buffer.concat([refused, chunk]);
    });
    await vi.waitUntil(() => refused.includes(frame(3, 0, 3, Buffer.of(0, 0, 0, 7))));
  });

  test("headers above maxHeaderBytes fail with 431 over both versions", async () => {
    const { url } = await startStub({ limits: { ...patient, maxHeaderBytes: 2_000 } });
    const headers = { "x-long": "a".repeat(3_000) };
    expect((await fetch(`${url}/name/a`, { headers })).status).toBe(431);
    const client = session(url);
    // Node's client knows the limit only after SETTINGS.
    const stream = client.request({ ":path": "/name/a", ...headers });
    expect((await once(stream, "response"))[0][":status"]).toBe(431);
    expect(await text(client.request({ ":path": "/name/b" }))).toBe('{"name":"b"}');
  });

  test.each([
    ["nothing", ""],
    ["half a header", "GET / HTTP/1.1\r\nHost: local"],
    ["half a preface", opening.subarray(0, 10)],
    ["a preface without SETTINGS", opening.subarray(0, 24)],
    ["half a header block", Buffer.concat([opening, frame(1, 0, 1, Buffer.of(0x82))])],
  ])("a client that sends %s is disconnected after headersTimeoutMs", async (_, bytes) => {
    const { port } = await startStub({ limits: { ...patient, headersTimeoutMs: 100 } });
    const socket = open(port);
    socket.write(bytes);
    await once(socket.resume(), "close");
  });

  test("a client that answers no PING is disconnected", async () => {
    const { port, stub } = await startStub({ limits: { ...patient, headersTimeoutMs: 100 } });
    const socket = open(port);
    socket.write(Buffer.concat([opening, requestHeader(1, { ":path": "/list" }, true)]));
    await once(socket.resume(), "close");
    await vi.waitUntil(() => stub.cancelled === 1);
  });

  test.each([
    ["HTTP/1.1", "GET /name/a HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    ["HTTP/2", Buffer.concat([opening, requestHeader(1, { ":path": "/name/a" }, true)])],
  ])("an idle connection of %s is closed after keepAliveTimeoutMs", async (_, bytes) => {
    const { port } = await startStub({ limits: { ...patient, keepAliveTimeoutMs: 100 } });
    const socket = open(port);
    socket.write(bytes);
    await once(socket.resume(), "close");
  });

  test.each([
    ["SETTINGS", frame(4, 0, 0)],
    ["PING", frame(6, 0, 0, Buffer.alloc(8))],
    ["PRIORITY", frame(2, 0, 3, Buffer.of(0, 0, 0, 5, 1))],
    ["empty DATA", data(1, "")],
    ["requests that are reset at once", undefined],
  ])("a flood of %s ends the connection", async (_, bytes) => {
    const { port, stub } = await startStub();
    const socket = open(port);
    const goaway = goawayOf(socket);
    socket.write(Buffer.concat([opening, requestHeader(1, { ":method": "POST", ":path": "/upload" })]));
    let stream = 3;
    let written = 0;
    while (!socket.destroyed && written < 100_000) {
      const round = Array.from({ length: 1_000 }, () => {
        if (bytes !== undefined) return bytes;
        const id = stream;
        stream += 2;
        return Buffer.concat([requestHeader(id, { ":path": "/wait" }, true), frame(3, 0, id, Buffer.of(0, 0, 0, 8))]);
      });
      socket.write(Buffer.concat(round));
      written += round.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await goaway).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await vi.waitUntil(() => stub.running === 0);
  });
});

test("an error that the handler throws is reported, and those of clients are not", async () => {
  const reported: unknown[] = [];
  const handler = () => {
    throw new Error("a bug");
  };
  const { url, port } = await startStub({ handler, onError: (error) => reported.push(error) });
  const socket = open(port);
  socket.write(Buffer.concat([opening, data(1, "x")]));
  expect(await goawayOf(socket)).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
  const stream = session(url).request({ ":path": "/" });
  await new Promise((resolve) => stream.on("error", () => {}).once("close", resolve));
  expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  expect(reported).toMatchObject([{ message: "a bug" }]);
});

test("malformed HTTP/1.1 fails with 400 and a google.rpc.Status", async () => {
  const { port } = await startStub();
  const socket = open(port);
  socket.write("hello\r\n\r\n");
  const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
  expect(JSON.parse(body)).toEqual({ code: 3, message: "malformed HTTP request", details: [] });
});

test.each([["NONSENSE"], ["get"], ["CONNECT"]])("the method %s over HTTP/2 fails with 501", async (method) => {
  const { url } = await startStub();
  const client = session(url);
  const stream = client.request(method === "CONNECT" ? { ":method": method, ":authority": "a:1" } : { ":method": method, ":path": "/" });
  expect((await once(stream, "response"))[0][":status"]).toBe(501);
});

test("several hosts fail", async () => {
  const { url, port } = await startStub();
  const socket = open(port);
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nhOST: evil.example\r\n\r\n");
  expect((await text(socket)).slice(9, 12)).toBe("400");
  // Malformed (RFC 9113, section 8.3.1).
  const stream = session(url).request({ ":path": "/", ":authority": "localhost", host: "127.0.0.1" });
  await new Promise((resolve) => stream.on("error", () => {}).once("close", resolve));
  expect(stream.rstCode).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
});

test("a target in absolute form replaces the host", async () => {
  const { port, stub } = await startStub();
  const socket = open(port);
  socket.write("GET http://shop.example?x=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  await text(socket);
  expect(stub.requests[0]).toMatchObject({ path: "/", query: "x=1", host: "shop.example", headers: { host: "shop.example" } });
});

test("a small part of a body that nobody reads does not keep its neighbours in memory", async () => {
  const { url, stub } = await startStub();
  const client = session(url);
  const unread = client.request({ ":method": "POST", ":path": "/wait" }).on("error", () => {});
  const read = client.request({ ":method": "POST", ":path": "/upload" }).on("error", () => {});
  await vi.waitUntil(() => stub.requests.length === 2);
  for (const request of stub.requests) expect(request.body).toBeDefined();
  const chunk = Buffer.alloc(60_000);
  const rounds = 500;
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 1; round <= rounds; round++) {
    unread.write("x");
    read.write(chunk);
    await vi.waitUntil(() => stub.received === round * chunk.length, { interval: 1 });
  }
  const grown = () => {
    // Makes the garbage collector run.
    Buffer.allocUnsafeSlow(4_000_000);
    return process.memoryUsage().arrayBuffers - before;
  };
  await expect.poll(grown, { timeout: 5_000 }).toBeLessThan((rounds * chunk.length) / 2);
});

const run = promisify(execFile);
const isInstalled = (command: string) => spawnSync(command, ["--version"]).error === undefined;

describe.skipIf(!isInstalled("curl"))("curl (skipped if not installed)", () => {
  test.each([
    ["--http1.1", "1.1"],
    ["--http2-prior-knowledge", "2"],
  ])("%s", async (option, version) => {
    const { url } = await startStub();
    const curl = async (...args: string[]) => (await run("curl", ["-s", option, "-w", " %{http_code} %{http_version}", ...args])).stdout;
    expect(await curl(`${url}/name/a`)).toBe(`{"name":"a"} 200 ${version}`);
    expect(await curl("-d", "body", `${url}/echo`)).toBe(`body 200 ${version}`);
    expect(await curl("-d", "x".repeat(100_000), "-o", "/dev/null", `${url}/echo`)).toBe(` 200 ${version}`);
    expect(await curl("-I", `${url}/name/a`)).toContain("content-length: 12");
    expect(await curl("-d", "body", "-H", "Expect: 100-continue", `${url}/echo`)).toBe(`body 200 ${version}`);
    expect(await curl("-o", "/dev/null", `${url}/fill/3000000`)).toBe(` 200 ${version}`);
  });
});

describe.skipIf(!isInstalled("nghttp"))("nghttp and h2load (skipped if not installed)", () => {
  test("nghttp", async () => {
    const { url } = await startStub();
    expect((await run("nghttp", [`${url}/name/a`, `${url}/name/b`])).stdout).toBe('{"name":"a"}{"name":"b"}');
  });

  test("h2load", async () => {
    const { url, stub } = await startStub();
    const { stdout } = await run("h2load", ["-n", "2000", "-c", "4", "-m", "50", `${url}/name/a`]);
    expect(stdout).toContain("2000 succeeded, 0 failed");
    await vi.waitUntil(() => stub.running === 0);
  });
});
