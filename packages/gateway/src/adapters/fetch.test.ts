// The fetch handler: what a handler sees of a Request, what a caller gets of a response, and how both
// sides notice that the other one has gone.
import { buffer, text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { expect, onTestFinished, test, vi } from "vitest";
import type { HttpHandler, HttpRequest, HttpResponse } from "../http/message.ts";
import { type FetchOptions, fetchHandler } from "./fetch.ts";

/** A handler that keeps what it gets. */
function stub(options: FetchOptions = {}) {
  const exchanges: { request: HttpRequest; response: HttpResponse; closed: boolean[] }[] = [];
  const handler: HttpHandler = (request, response) => {
    const closed: boolean[] = [];
    response.onClose = (complete) => closed.push(complete);
    exchanges.push({ request, response, closed });
  };
  const fetch = fetchHandler(handler, options);
  const last = () => exchanges.at(-1) ?? expect.fail("no request");
  return { fetch, last };
}

/** A fetch whose handler answers by itself. */
const answering = (handler: HttpHandler) => fetchHandler(handler);
const turns = () => delay(5);

test("the handler gets method, path, query, headers, scheme, host and address", async () => {
  const { fetch, last } = stub({ address: (request) => request.headers.get("x-peer") ?? "" });
  const headers = new Headers({ "X-Peer": "192.0.2.1", "X-Request-Id": "id-1" });
  headers.append("x-list", "a");
  headers.append("x-list", "b");
  void fetch(new Request("https://user.example:8443/v1/a%2Fb/%E4%BD%A0?q=1&q=%20#part", { method: "DELETE", headers }));
  await turns();
  const { request } = last();
  expect(request).toMatchObject({
    method: "DELETE",
    path: "/v1/a%2Fb/%E4%BD%A0",
    query: "q=1&q=%20",
    scheme: "https",
    host: "user.example:8443",
    addresses: ["192.0.2.1"],
    requestId: "id-1",
    body: undefined,
    awaitsContinue: false,
  });
  expect(request.headers).toEqual({ host: "user.example:8443", "x-peer": "192.0.2.1", "x-request-id": "id-1", "x-list": "a, b" });
});

test("a path alone is on http://localhost, with the parameters of fetch; a second argument to a Request is ignored", async () => {
  const { fetch, last } = stub();
  void fetch("/v1/x?y", { method: "PUT", body: "z" });
  await turns();
  expect(last().request).toMatchObject({
    method: "PUT",
    path: "/v1/x",
    query: "y",
    host: "localhost",
    scheme: "http",
    addresses: ["unknown"],
  });
  expect(last().request.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(await text(last().request.body ?? expect.fail("no body"))).toBe("z");
  void fetch(new URL("http://a.example/b"));
  await turns();
  expect(last().request).toMatchObject({ path: "/b", query: "", host: "a.example" });
  void fetch(new Request("http://a.example/c"), { method: "POST" });
  await turns();
  expect(last().request.method).toBe("GET");
});

test("a whole response has its status, its headers, several cookies and its length", async () => {
  const fetch = answering((_request, response) =>
    response.send(201, { "content-type": "application/json", "set-cookie": ["a=1", "b=2"], connection: "close" }, "{é}"),
  );
  const response = await fetch("/");
  expect(response.status).toBe(201);
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(Object.fromEntries(response.headers)).toMatchObject({ "content-type": "application/json", "content-length": "4" });
  expect(response.headers.has("connection")).toBe(false);
  expect(await response.text()).toBe("{é}");
});

test("HEAD and statuses without a body have none; HEAD has the length", async () => {
  for (const status of [204, 205, 304]) {
    const response = await answering((_request, response) => response.send(status, { a: "1" }, "x"))("/");
    expect([response.status, response.body, response.headers.get("a"), response.headers.get("content-length")]).toEqual([
      status,
      null,
      "1",
      null,
    ]);
  }
  const head = await answering((_request, response) => response.send(200, {}, "four"))("/", { method: "HEAD" });
  expect([head.status, head.body, head.headers.get("content-length")]).toEqual([200, null, "4"]);
  const { fetch, last } = stub();
  const streamed = fetch("/", { method: "HEAD" });
  await turns();
  const { response, closed } = last();
  response.start(200, { a: "1" });
  expect(response.write("x".repeat(1_000_000))).toBe(true);
  response.end();
  await turns();
  expect([(await streamed).body, closed]).toEqual([null, [true]]);
});

test("a stream arrives chunk by chunk, and is complete once it has been read", async () => {
  const { fetch, last } = stub();
  const promise = fetch("/");
  await turns();
  const { response, closed } = last();
  expect([response.started, response.closed]).toEqual([false, false]);
  response.start(200, { "content-type": "text/event-stream" });
  const reader = (await promise).body?.getReader() ?? expect.fail("no body");
  response.write("one");
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("one");
  const second = reader.read();
  response.write(Buffer.from("two"));
  expect(Buffer.from((await second).value ?? []).toString()).toBe("two");
  response.write("three");
  response.end({ "x-trailer": "ignored" });
  await turns();
  expect([response.closed, closed]).toEqual([false, []]);
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("three");
  expect((await reader.read()).done).toBe(true);
  expect([response.started, response.closed, closed]).toEqual([true, true, [true]]);
});

test("write waits for a reader that is slow", async () => {
  const { fetch, last } = stub();
  const promise = fetch("/");
  await turns();
  const { response } = last();
  response.start(200, {});
  const chunk = "x".repeat(16 * 1024);
  let count = 1;
  while (response.write(chunk)) count++;
  expect(count).toBe(4);
  let room = false;
  void response.drained().then(() => {
    room = true;
  });
  await turns();
  expect(room).toBe(false);
  const reader = (await promise).body?.getReader();
  await reader?.read();
  await turns();
  expect(room).toBe(true);
  await response.drained();
});

test("a reader that cancels ends the exchange, and nobody waits for room", async () => {
  const { fetch, last } = stub();
  const promise = fetch("/", { method: "POST", body: new ReadableStream(), duplex: "half" } as RequestInit);
  await turns();
  const { request, response, closed } = last();
  response.start(200, {});
  response.write("x".repeat(100_000));
  const drained = response.drained();
  await (await promise).body?.cancel();
  await drained;
  await turns();
  expect([response.closed, closed, request.body?.destroyed]).toEqual([true, [false], true]);
  expect(response.write("more")).toBe(true);
  response.end();
  expect(closed).toEqual([false]);
});

test.each(["before", "after"] as const)("the signal of the request (aborted %s the call) ends the exchange with 499", async (when) => {
  const { fetch, last } = stub();
  const controller = new AbortController();
  if (when === "before") controller.abort();
  const promise = fetch(new Request("http://localhost/", { method: "POST", body: "x", signal: controller.signal }));
  await turns();
  if (when === "after") {
    expect(last().closed).toEqual([]);
    controller.abort();
  }
  const { request, response, closed } = last();
  const end = text(request.body ?? expect.fail("no body"));
  await expect(end).rejects.toThrow();
  expect((await promise).status).toBe(499);
  await turns();
  expect([response.closed, closed]).toEqual([true, [false]]);
  response.send(200, {}, "late");
});

test("the signal of the request makes the rest of a stream fail", async () => {
  const { fetch, last } = stub();
  const controller = new AbortController();
  const promise = fetch("/", { signal: controller.signal });
  await turns();
  last().response.start(200, {});
  last().response.write("part");
  const body = (await promise).text();
  controller.abort();
  await expect(body).rejects.toThrow();
  expect(last().closed).toEqual([false]);
});

test("abort makes the rest of a stream fail, and rejects without a response", async () => {
  const { fetch, last } = stub();
  const streamed = fetch("/");
  await turns();
  last().response.start(200, {});
  last().response.write("part");
  last().response.abort();
  await expect((await streamed).text()).rejects.toThrow("the gateway aborted the response");
  expect(last().closed).toEqual([false]);
  const none = fetch("/");
  await turns();
  last().response.abort();
  await expect(none).rejects.toThrow("the gateway aborted the response");
});

test("an upload is read as it is asked for, and whole", async () => {
  const { fetch, last } = stub();
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (++pulls <= 100) controller.enqueue(new Uint8Array(pulls % 7 === 0 ? 0 : 32 * 1024).fill(pulls));
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  void fetch("/", { method: "POST", body, duplex: "half" } as RequestInit);
  await turns();
  expect(pulls).toBe(0);
  const { request } = last();
  const readable = request.body ?? expect.fail("no body");
  readable.once("readable", () => {});
  await turns();
  expect(pulls).toBeLessThan(10);
  const whole = await buffer(readable);
  expect(whole.length).toBe(86 * 32 * 1024);
  expect(whole.at(-1)).toBe(100);
});

test("an upload that fails never looks complete", async () => {
  const { fetch, last } = stub();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(one) {
      controller = one;
    },
  });
  void fetch("/", { method: "POST", body, duplex: "half" } as RequestInit);
  await turns();
  const end = text(last().request.body ?? expect.fail("no body"));
  controller?.enqueue(Buffer.from("part"));
  controller?.error("the network failed");
  await expect(end).rejects.toThrow("the network failed");
});

test("a body of other chunks than bytes fails", async () => {
  const { fetch, last } = stub();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue("text");
      controller.close();
    },
  });
  void fetch("/", { method: "POST", body, duplex: "half" } as RequestInit);
  await turns();
  await expect(text(last().request.body ?? expect.fail("no body"))).rejects.toThrow("the chunks of a body must be Uint8Array, got string");
});

test("a response before the end of the upload cancels the upload", async () => {
  const cancelled = vi.fn();
  const body = new ReadableStream<Uint8Array>({ cancel: cancelled });
  const fetch = answering((request, response) => {
    request.body?.resume();
    response.send(413, {}, "too large");
  });
  const response = await fetch("/", { method: "POST", body, duplex: "half" } as RequestInit);
  expect(await response.text()).toBe("too large");
  await turns();
  expect(cancelled).toHaveBeenCalled();
});

test("a body that has been read is a TypeError", async () => {
  const { fetch } = stub();
  const request = new Request("http://localhost/", { method: "POST", body: "x" });
  await request.text();
  await expect(fetch(request)).rejects.toThrow("the body of the request has already been read: pass a clone of the request");
});

/** A Hono app on a Node server, which has the handler at two places. */
async function honoServer(handler: HttpHandler) {
  const fetch = fetchHandler(handler, { address: (request) => request.headers.get("x-peer") ?? "" });
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.res.headers.set("x-from", "hono");
  });
  app.get("/own", (context) => context.text("own"));
  app.mount("/mounted", fetch);
  app.all("*", (context) => fetch(context.req.raw));
  const port = await new Promise<number>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (info) => resolve(info.port));
    onTestFinished(() => new Promise((closed) => server.close(() => closed())));
  });
  return { url: `http://127.0.0.1:${port}` };
}

test("under Hono on a Node server: paths, bodies, cookies and streams", async () => {
  const { url } = await honoServer(async (request, response) => {
    const sent = request.body === undefined ? "none" : await text(request.body);
    response.start(200, { "content-type": "text/plain", "set-cookie": ["a=1", "b=2"] });
    for (const part of [request.method, request.path, request.query, request.addresses[0], sent]) {
      if (!response.write(`${part}\n`)) await response.drained();
    }
    response.end();
  });
  expect(await (await fetch(`${url}/own`)).text()).toBe("own");
  const response = await fetch(`${url}/v1/a?b=c`, { method: "POST", body: "x".repeat(100_000), headers: { "x-peer": "192.0.2.9" } });
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(response.headers.get("x-from")).toBe("hono");
  expect(await response.text()).toBe(`POST\n/v1/a\nb=c\n192.0.2.9\n${"x".repeat(100_000)}\n`);
  expect(await (await fetch(`${url}/mounted/v1/a?b=c`)).text()).toBe("GET\n/v1/a\nb=c\n\nnone\n");
});

test("under Hono on a Node server: both sides notice that the other one has gone", async () => {
  const ends: unknown[] = [];
  const { url } = await honoServer((request, response) => {
    response.onClose = (complete) => ends.push(complete);
    request.body?.on("error", () => ends.push("upload failed")).resume();
    response.start(200, {});
    response.write("part");
    if (request.path === "/abort") setTimeout(() => response.abort(), 20);
  });
  await expect(fetch(`${url}/abort`).then((response) => response.text())).rejects.toThrow();
  expect(ends).toEqual([false]);
  const controller = new AbortController();
  const { body } = await fetch(`${url}/wait`, { signal: controller.signal });
  await body?.getReader().read();
  controller.abort();
  await vi.waitUntil(() => ends.length === 2);
  expect(ends).toEqual([false, false]);
  const upload = new AbortController();
  const endless = new ReadableStream({ pull: (stream) => delay(5).then(() => stream.enqueue(Buffer.from("x"))) });
  const posted = fetch(`${url}/wait`, { method: "POST", body: endless, duplex: "half", signal: upload.signal } as RequestInit);
  await posted;
  upload.abort();
  await vi.waitUntil(() => ends.length === 4);
  expect(ends.slice(2).sort()).toEqual([false, "upload failed"]);
});

test("the type fits the servers of Bun, Deno and workers, and clients that take a fetch", () => {
  const { fetch } = stub();
  const server: (request: Request, more: { readonly remoteAddr: object }) => Response | Promise<Response> = fetch;
  const client: typeof globalThis.fetch = fetch;
  expect([server, client]).toEqual([fetch, fetch]);
});
