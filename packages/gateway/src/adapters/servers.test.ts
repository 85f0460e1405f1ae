// What each adapter for servers guarantees, over each version of HTTP.
import { once } from "node:events";
import { createServer, request as http1Request } from "node:http";
import { constants, createServer as createHttp2Server, connect as http2Connect, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo, Server as NetServer } from "node:net";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { errors, patient } from "../../test/stub.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../http/message.ts";
import { Server } from "../server/server.ts";
import { nodeListener } from "./node.ts";
import type { TrustProxy } from "./proxies.ts";

interface Options {
  readonly trustProxy?: TrustProxy;
}

async function listen(server: NetServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function own(handler: HttpHandler, { trustProxy }: Options): Promise<number> {
  const server = new Server({ handler, errors, limits: patient, trustProxy });
  onTestFinished(() => server.close(0));
  return (await server.listen("127.0.0.1:0")).port;
}

type Start = (handler: HttpHandler, options: Options) => Promise<number>;

/** A server's version of HTTP, and how to start it. Returns the port. */
const servers: Readonly<Record<string, readonly [version: 1 | 2, start: Start]>> = {
  "node:http": [
    1,
    (handler, options) =>
      listen(createServer(nodeListener(handler, options)).on("checkContinue", nodeListener(handler, { ...options, sendsContinue: true }))),
  ],
  "node:http2": [
    2,
    (handler, options) =>
      listen(
        createHttp2Server(nodeListener(handler, options)).on("checkContinue", nodeListener(handler, { ...options, sendsContinue: true })),
      ),
  ],
  "the gateway's server, HTTP/1.1": [1, own],
  "the gateway's server, HTTP/2": [2, own],
};

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Undefined: no body. The body is sent after 100 if the headers have `expect`. */
  readonly body?: string;
}

interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>>;
  /** Whether 100 (Continue) arrived. */
  readonly continued: boolean;
}

/** Sends a request. Rejects if the response is incomplete. */
function call(version: 1 | 2, port: number, sent: Sent = {}): Promise<Received> {
  return version === 1 ? callHttp1(port, sent) : callHttp2(port, sent);
}

async function callHttp1(port: number, { method = "GET", path = "/", headers = {}, body }: Sent): Promise<Received> {
  const request = http1Request({ host: "127.0.0.1", port, method, path, headers });
  let continued = false;
  request.on("continue", () => {
    continued = true;
    request.end(body);
  });
  if (headers["expect"] === undefined) request.end(body);
  else request.flushHeaders();
  const [response] = await once(request, "response");
  const received = await text(response);
  return { status: response.statusCode, headers: response.headers, body: received, trailers: response.trailers, continued };
}

async function callHttp2(port: number, { method = "GET", path = "/", headers = {}, body }: Sent): Promise<Received> {
  const session = http2Connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body === undefined });
  let continued = false;
  let trailers = {};
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.on("continue", () => {
    continued = true;
    stream.end(body);
  });
  if (headers["expect"] === undefined && body !== undefined) stream.end(body);
  const [received] = await once(stream, "response");
  const content = await text(stream);
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`reset with ${stream.rstCode}`);
  session.close();
  return { status: received[":status"], headers: received, body: content, trailers, continued };
}

describe.each(Object.entries(servers))("%s", (_, [version, start]) => {
  /** Serves one handler. Records the exchanges, and how they ended. */
  async function serve(handler: (request: HttpRequest, response: HttpResponse) => void | Promise<void>, options: Options = {}) {
    const ends: boolean[] = [];
    const requests: HttpRequest[] = [];
    const port = await start((request, response) => {
      requests.push(request);
      response.onClose = (complete) => void ends.push(complete);
      void handler(request, response);
    }, options);
    return { port, ends, requests };
  }

  const ok = (_request: HttpRequest, response: HttpResponse) => response.send(200, {}, "ok");

  test("a request has a path, a query, an address and a generated id", async () => {
    const { port, requests } = await serve(ok);
    await call(version, port, { path: "/a%2Fb/c?x=1&y=?" });
    const [request] = requests;
    expect(request).toMatchObject({
      method: "GET",
      path: "/a%2Fb/c",
      query: "x=1&y=?",
      version,
      scheme: "http",
      host: `127.0.0.1:${port}`,
      addresses: ["127.0.0.1"],
      requestId: expect.stringMatching(/^[\da-f-]{36}$/),
      body: undefined,
      awaitsContinue: false,
      problem: undefined,
    });
    expect(request?.requestId).toBe(request?.requestId);
    expect(request?.headers["host"]).toBe(`127.0.0.1:${port}`);
    expect(Object.keys(request?.headers ?? {}).filter((name) => name.startsWith(":"))).toEqual([]);
  });

  test("repeated headers are joined", async () => {
    const { port, requests } = await serve(ok);
    await call(version, port, { headers: { "x-a": ["1", "2"], cookie: ["a=1", "b=2"], "x-request-id": "id-1" } });
    expect(requests[0]?.headers).toMatchObject({ "x-a": "1, 2", cookie: "a=1; b=2" });
    expect(requests[0]?.requestId).toBe("id-1");
  });

  test("the headers of trusted proxies describe the client", async () => {
    const headers = {
      "x-forwarded-for": "6.6.6.6, 10.0.0.1, 127.0.0.2",
      "x-forwarded-host": "a, shop.example",
      "x-forwarded-proto": "https",
    };
    const { port, requests } = await serve(ok, { trustProxy: "loopback" });
    await call(version, port, { headers });
    expect(requests[0]).toMatchObject({ addresses: ["10.0.0.1", "127.0.0.2", "127.0.0.1"], host: "shop.example", scheme: "https" });
    const distrustful = await serve(ok);
    await call(version, distrustful.port, { headers });
    const host = `127.0.0.1:${distrustful.port}`;
    expect(distrustful.requests[0]).toMatchObject({ addresses: ["127.0.0.1"], host, scheme: "http" });
  });

  test("a whole response has a content-length, and may have repeated headers", async () => {
    const { port, ends } = await serve((_request, response) => response.send(201, { "x-a": "b", "set-cookie": ["a=1", "b=2"] }, "größe"));
    const response = await call(version, port);
    expect(response).toMatchObject({ status: 201, body: "größe" });
    expect(response.headers).toMatchObject({ "content-length": "7", "x-a": "b", "set-cookie": ["a=1", "b=2"] });
    await vi.waitFor(() => expect(ends).toEqual([true]));
  });

  test("headers of a connection do not reach HTTP/2", async () => {
    const { port } = await serve((_request, response) => response.send(400, { connection: "close" }, ""));
    expect((await call(version, port)).headers.connection).toBe(version === 1 ? "close" : undefined);
  });

  test.each([
    ["HEAD", 200, "5"],
    ["GET", 204, undefined],
    ["GET", 304, undefined],
  ])("a response to %s with status %i has no body", async (method, status, length) => {
    const { port, ends } = await serve((_request, response) => response.send(status, {}, "hello"));
    const response = await call(version, port, { method });
    expect([response.status, response.body, response.headers["content-length"]]).toEqual([status, "", length]);
    await vi.waitFor(() => expect(ends).toEqual([true]));
  });

  test.each(["HEAD", "GET"])("a response to %s can be sent in parts", async (method) => {
    const { port, ends } = await serve(async (_request, response) => {
      response.start(200, { "content-type": "text/plain" });
      for (const part of ["a", Buffer.from("b")]) {
        response.write(part);
        await delay(1);
      }
      response.end();
    });
    expect(await call(version, port, { method })).toMatchObject({ status: 200, body: method === "HEAD" ? "" : "ab" });
    // The response to HEAD is complete for the client before the server ends it.
    await vi.waitFor(() => expect(ends).toEqual([method === "GET" || expect.any(Boolean)]));
  });

  test("the head of a response arrives before its first part", async () => {
    const { port } = await serve((_request, response) => response.start(200, { "x-a": "b" }));
    const client =
      version === 1 ? http1Request({ host: "127.0.0.1", port }).end() : http2Connect(`http://127.0.0.1:${port}`).request({ ":path": "/" });
    client.on("error", () => {});
    onTestFinished(() => void client.destroy());
    await once(client, "response");
  });

  test.each([
    ["trailers", { "x-sum": "1" }],
    ["deflate", {}],
  ])("trailers with te: %s", async (te, trailers) => {
    const { port } = await serve((_request, response) => {
      response.start(200, {});
      response.write("a");
      response.end({ "x-sum": "1" });
    });
    // HTTP/2 allows no other value (RFC 9113, section 8.2.2).
    const headers: Record<string, string> = version === 1 || te === "trailers" ? { te } : {};
    expect({ ...(await call(version, port, { headers })).trailers }).toMatchObject(trailers);
    expect(Object.keys((await call(version, port, { headers })).trailers)).toEqual(Object.keys(trailers));
  });

  test("a request body arrives whole", async () => {
    const { port } = await serve(async ({ body }, response) => response.send(200, {}, body === undefined ? "none" : await text(body)));
    for (const body of ["{}", "x".repeat(1_000_000)]) {
      expect((await call(version, port, { method: "POST", body })).body).toBe(body);
    }
    expect((await call(version, port, { method: "POST", headers: version === 1 ? { "content-length": "0" } : {} })).body).toBe("none");
  });

  test("a client that waits gets 100 once the body is read", async () => {
    const { port, requests } = await serve(async (request, response) => {
      if (request.path === "/read" && request.body !== undefined) response.send(200, {}, await text(request.body));
      else response.send(403, {}, "");
    });
    const sent = { method: "POST", headers: { expect: "100-continue", "content-length": "2" }, body: "{}" };
    expect(await call(version, port, { ...sent, path: "/read" })).toMatchObject({ status: 200, body: "{}", continued: true });
    const rejected = await call(version, port, { ...sent, path: "/" });
    expect(rejected).toMatchObject({ status: 403, continued: false });
    expect(rejected.headers.connection).toBe(version === 1 ? "close" : undefined);
    expect(requests[1]?.awaitsContinue).toBe(true);
  });

  test("an aborted response does not look complete", async () => {
    const { port, ends } = await serve(async (_request, response) => {
      response.start(200, {});
      response.write("a");
      await delay(20);
      response.abort();
      expect(response.closed).toBe(true);
    });
    await expect(call(version, port)).rejects.toThrow();
    await vi.waitFor(() => expect(ends).toEqual([false]));
  });

  /** A client that sends half a body, and then goes away. */
  async function goAway(port: number, how: "reset" | "disconnect", arrived: () => boolean): Promise<void> {
    const headers = { "content-length": "100" };
    if (version === 1) {
      const request = http1Request({ host: "127.0.0.1", port, method: "POST", headers }).on("error", () => {});
      request.write("{");
      await vi.waitUntil(arrived);
      request.destroy();
      return;
    }
    const session = http2Connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ":method": "POST", ":path": "/", ...headers }).on("error", () => {});
    stream.write("{");
    await vi.waitUntil(arrived);
    if (how === "disconnect") session.destroy();
    else {
      stream.close(constants.NGHTTP2_CANCEL);
      session.close();
    }
  }

  test.each(["reset", "disconnect"] as const)("a body fails if its client goes away (%s)", async (how) => {
    let received = "";
    const failed = Promise.withResolvers<unknown>();
    const { port, ends } = await serve(async ({ body }) => {
      try {
        for await (const chunk of body as Readable) received += String(chunk);
        failed.resolve("no error");
      } catch (error) {
        failed.resolve(error);
      }
    });
    await goAway(port, how, () => received === "{");
    expect(await failed.promise).toBeInstanceOf(Error);
    await vi.waitFor(() => expect(ends).toEqual([false]));
  });

  test.each(["reset", "disconnect"] as const)("onClose is called for a client that has gone already (%s)", async (how) => {
    const ended = Promise.withResolvers<boolean>();
    let arrived = false;
    const { port } = await serve(async (_request, response) => {
      arrived = true;
      const gone = Promise.withResolvers<void>();
      response.onClose = () => gone.resolve();
      await gone.promise;
      await delay(20);
      expect(response.closed).toBe(true);
      response.onClose = ended.resolve;
      response.send(200, {}, "late");
      expect(response.started).toBe(false);
      expect(response.write("x")).toBe(true);
      await response.drained();
      response.end();
      response.abort();
    });
    await goAway(port, how, () => arrived);
    expect(await ended.promise).toBe(false);
  });

  test("a slow client is waited for", async () => {
    let written = 0;
    const chunk = Buffer.alloc(65_536);
    const { port, ends } = await serve(async (_request, response) => {
      response.start(200, {});
      while (written < 2_000 * chunk.length && !response.closed) {
        written += chunk.length;
        if (!response.write(chunk)) await response.drained();
      }
      response.end();
    });
    const client =
      version === 1 ? http1Request({ host: "127.0.0.1", port }).end() : http2Connect(`http://127.0.0.1:${port}`).request({ ":path": "/" });
    client.on("error", () => {});
    const [response] = await once(client, "response");
    // Waits until nothing is sent any more.
    let before = -1;
    while (before !== written) {
      before = written;
      await delay(100);
    }
    expect(written).toBeLessThan(1_000 * chunk.length);
    let received = 0;
    const body: Readable = version === 1 ? response : (client as unknown as Readable);
    for await (const part of body) received += (part as Buffer).length;
    expect(received).toBe(2_000 * chunk.length);
    expect(ends).toEqual([true]);
    if ("session" in client) client.session?.destroy();
  });

  test("a client that goes away ends the wait of a slow response", async () => {
    const ended = Promise.withResolvers<void>();
    const chunk = Buffer.alloc(65_536);
    const { port, ends } = await serve(async (_request, response) => {
      response.start(200, {});
      while (!response.closed) if (!response.write(chunk)) await response.drained();
      ended.resolve();
    });
    const client =
      version === 1 ? http1Request({ host: "127.0.0.1", port }).end() : http2Connect(`http://127.0.0.1:${port}`).request({ ":path": "/" });
    client.on("error", () => {});
    await once(client, "response");
    await delay(50);
    if ("session" in client) client.session?.destroy();
    else client.destroy();
    await ended.promise;
    await vi.waitFor(() => expect(ends).toEqual([false]));
  });

  test("a consumer that is slow stops the client", async () => {
    let bytes = 0;
    const read = Promise.withResolvers<void>();
    const { port } = await serve(async ({ body }, response) => {
      await read.promise;
      for await (const chunk of body as Readable) bytes += (chunk as Buffer).length;
      response.send(200, {}, String(bytes));
    });
    const size = 50_000_000;
    const client =
      version === 1
        ? http1Request({ host: "127.0.0.1", port, method: "POST" })
        : http2Connect(`http://127.0.0.1:${port}`).request({ ":path": "/", ":method": "POST" });
    onTestFinished(() => void client.destroy());
    const chunk = Buffer.alloc(100_000);
    let written = 0;
    // Both queue in the client, and in the system.
    while (written < size && client.writableLength < 1_000_000) {
      client.write(chunk);
      written += chunk.length;
      await delay(1);
    }
    expect(written).toBeLessThan(size / 2);
    read.resolve();
    while (written < size) {
      if (!client.write(chunk)) await once(client, "drain");
      written += chunk.length;
    }
    client.end();
    const [response] = await once(client, "response");
    expect(await text(version === 1 ? response : (client as unknown as Readable))).toBe(String(size));
    if ("session" in client) client.session?.destroy();
  });

  test("a response before the end of the request ends the request, too", async () => {
    const { port, ends, requests } = await serve(({ body }, response) => {
      body?.once("data", () => response.send(413, {}, "too large"));
    });
    const sent = { method: "POST", body: "x".repeat(3_000_000) };
    if (version === 2) expect(await call(version, port, sent)).toMatchObject({ status: 413, body: "too large" });
    // Node's HTTP/1.1 server reads the rest of the request.
    else expect((await call(version, port, sent)).status).toBe(413);
    await vi.waitFor(() => expect(ends).toEqual([true]));
    expect(requests).toHaveLength(1);
  });
});
