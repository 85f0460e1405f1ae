// Streams in HTTP responses and requests: NDJSON, events, arrays, bytes; with backpressure, and cancelled when the caller leaves.
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { Code, codeFrom, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import Fastify, { type FastifyInstance } from "fastify";
import { describe, expect, onTestFinished, test } from "vitest";
import { startGateway, type Way, ways } from "../../test/gateway.ts";
import { Things } from "../../test/gen/things_pb.js";
import { raw } from "../../test/raw.ts";
import type { GatewayOptions } from "../options.ts";

const handlers: Handlers<typeof Things> = {
  create: (request) => request,
  async *list({ count, fail, delayMs, bytes }, { header, trailer }) {
    header.set("h", "1");
    trailer.set("t", "2");
    for (let index = 0; index < count; index++) {
      if (delayMs > 0) await delay(delayMs);
      yield { int32Value: index, stringValue: "x".repeat(bytes) };
    }
    if (fail !== 0) throw new RpcError(codeFrom(fail), "no more");
  },
  async *download({ count }) {
    for (let index = 0; index < count; index++) yield { contentType: "text/x-test", data: new Uint8Array([97 + index]) };
  },
  async sum(requests) {
    let sum = 0;
    for await (const { int32Value } of requests) sum += int32Value;
    return { int32Value: sum };
  },
  async upload(requests) {
    const names = new Set<string>();
    let bytes = 0;
    for await (const { name, file } of requests) {
      names.add(`${name} ${file?.contentType}`);
      bytes += file?.data.length ?? 0;
    }
    return { repeatedValue: [...names], int32Value: bytes };
  },
  async *talk(requests) {
    for await (const { int32Value, stringValue } of requests) yield { int32Value: int32Value * 2, stringValue };
  },
};

const start = (way: Way, options: Partial<GatewayOptions> = {}, more: Handlers<typeof Things> = {}) =>
  startGateway(implement(Things, { ...handlers, ...more }), { way, graceMs: 0, ...options });

const ndjson = { method: "POST", headers: { "content-type": "application/x-ndjson" } };

/** A handler that goes on until its call is cancelled, and tells when. */
function endless(bytes: number) {
  const { promise, resolve } = Promise.withResolvers<Code>();
  let sent = 0;
  const list: Handlers<typeof Things>["list"] = async function* (_request, { signal }) {
    signal.addEventListener("abort", () => resolve(RpcError.from(signal.reason).code));
    while (!signal.aborted) {
      yield { stringValue: "x".repeat(bytes) };
      sent++;
    }
  };
  return { list, aborted: promise, sent: () => sent };
}

describe.each(ways)("%s", (way) => {
  test("NDJSON: a line a response", async () => {
    const { url } = await start(way);
    const response = await fetch(`${url}/v1/list?count=3`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
    expect(response.headers.get("grpc-metadata-h")).toBe("1");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).toBe('{"result":{}}\n{"result":{"int32Value":1}}\n{"result":{"int32Value":2}}\n');
    expect(await (await fetch(`${url}/v1/list`)).text()).toBe("");
    expect(await (await fetch(`${url}/v1/names?count=2&bytes=2`)).text()).toBe('{"result":"xx"}\n{"result":"xx"}\n');
    expect(
      await (
        await fetch(`${url}/v1/list`, { method: "POST", body: '{"count":1}', headers: { "content-type": "application/json" } })
      ).text(),
    ).toBe('{"result":{}}\n');
  });

  test("an error that comes first has its status; one that comes later is a line", async () => {
    const { url } = await start(way);
    const first = await fetch(`${url}/v1/list?fail=5`);
    expect([first.status, await first.json()]).toEqual([404, { code: 5, message: "no more", details: [] }]);
    const later = await fetch(`${url}/v1/list?count=1&fail=5`);
    expect([later.status, await later.text()]).toEqual([200, '{"result":{}}\n{"error":{"code":5,"message":"no more","details":[]}}\n']);
    const wrong = await fetch(`${url}/v1/list?count=x`);
    expect([wrong.status, ((await wrong.json()) as { code: number }).code]).toEqual([400, 3]);
  });

  test("events: each has an id, the last one is an end, or an error", async () => {
    const { url } = await start(way);
    const accept = { headers: { accept: "text/event-stream" } };
    const response = await fetch(`${url}/v1/list?count=2`, accept);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await response.text()).toBe('id: 0\ndata: {}\n\nid: 1\ndata: {"int32Value":1}\n\nevent: end\nid: end\ndata: {}\n\n');
    const failed = await fetch(`${url}/v1/list?count=1&fail=5`, accept);
    expect(await failed.text()).toBe('id: 0\ndata: {}\n\nevent: error\nid: end\ndata: {"code":5,"message":"no more","details":[]}\n\n');
  });

  test("an EventSource that comes again in the middle goes on with its ids", async () => {
    const { url } = await start(way);
    const again = (id: string) => fetch(`${url}/v1/list?count=1`, { headers: { accept: "text/event-stream", "last-event-id": id } });
    expect(await (await again("41")).text()).toMatch(/^id: 42\ndata: /);
    expect(await (await again("x")).text()).toMatch(/^id: 0\ndata: /);
  });

  test("an EventSource that comes again after the end is told to stop", async () => {
    const { url } = await start(way);
    const again = await fetch(`${url}/v1/list?count=2`, { headers: { accept: "text/event-stream", "last-event-id": "end" } });
    expect([again.status, await again.text()]).toEqual([204, ""]);
  });

  test("an array; half of one breaks off", async () => {
    const { url } = await start(way);
    const accept = { headers: { accept: "application/json" } };
    const response = await fetch(`${url}/v1/list?count=2`, accept);
    expect([response.headers.get("content-type"), await response.json()]).toEqual(["application/json", [{}, { int32Value: 1 }]]);
    expect(await (await fetch(`${url}/v1/list`, accept)).json()).toEqual([]);
    const half = await fetch(`${url}/v1/list?count=1&fail=5`, accept);
    await expect(half.text()).rejects.toThrow();
  });

  test("bytes as they are, of the type that the first response says", async () => {
    const { url } = await start(way);
    const response = await fetch(`${url}/v1/download?count=3`);
    expect([response.headers.get("content-type"), await response.text()]).toEqual(["text/x-test", "abc"]);
    expect((await fetch(`${url}/v1/download`)).status).toBe(200);
  });

  test("bytes of which nobody says what they are; a body that is not set is empty", async () => {
    const { url } = await start(
      way,
      {},
      {
        async *download() {
          yield { data: Uint8Array.of(97) };
        },
        async *downloadField() {
          yield {};
          yield { result: { case: "text", value: "another field" } };
          yield { result: { case: "file", value: { data: Uint8Array.of(98) } } };
        },
        rawField: () => ({ result: { case: "text", value: "another field" } }),
      },
    );
    for (const [path, body] of [
      ["/v1/download", "a"],
      ["/v1/download/field", "b"],
    ] as const) {
      const response = await fetch(url + path);
      expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
        200,
        "application/octet-stream",
        body,
      ]);
    }
    const unary = await fetch(`${url}/v1/raw/x`, { method: "PUT" });
    expect([unary.status, unary.headers.get("content-type"), await unary.text()]).toEqual([200, "application/octet-stream", ""]);
  });

  test("responses come one by one, and the trailer last, to whoever takes it", async () => {
    const { url, port } = await start(way);
    const response = await fetch(`${url}/v1/list?count=2&delay_ms=300`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const started = Date.now();
    expect((await reader?.read())?.value).toBe('{"result":{}}\n');
    expect(Date.now() - started).toBeLessThan(290);
    await reader?.cancel();
    const text = await raw(port, "GET /v1/list?count=1 HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n");
    expect(text).toMatch(/\r\n0\r\ngrpc-trailer-t: 2\r\n\r\n$/);
  });

  test("a stream that is quiet has its header all the same", async () => {
    const { url } = await start(
      way,
      {},
      {
        async *list() {
          await delay(5000);
          yield {};
        },
      },
    );
    const response = await fetch(`${url}/v1/list?count=1`);
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  test.each(["HTTP/1.1", "HTTP/2"])("HEAD over %s is answered with the header, and its call ends", async (version) => {
    const { list, aborted } = endless(10);
    const download: Handlers<typeof Things>["download"] = async function* (_request, { signal }) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      yield {};
    };
    const app = version === "HTTP/2" ? (Fastify({ http2: true }) as never as FastifyInstance) : Fastify();
    const { url } = await startGateway(implement(Things, { ...handlers, list, download }), { way, graceMs: 0, app });
    const session = version === "HTTP/2" ? connectHttp2(url) : undefined;
    onTestFinished(() => session?.destroy());
    const head = async (path: string) => {
      if (session === undefined) {
        const { status, headers } = await fetch(url + path, { method: "HEAD" });
        return [status, headers.get("content-type")];
      }
      const stream = session.request({ ":method": "HEAD", ":path": path }).resume();
      const [[headers]] = await Promise.all([once(stream, "response"), once(stream, "close")]);
      return [headers[":status"], headers["content-type"] ?? null];
    };
    expect(await head("/v1/list")).toEqual([200, "application/x-ndjson"]);
    expect(await aborted).toBe(Code.CANCELLED);
    // No response has told its type, and none may ever come.
    expect(await head("/v1/download")).toEqual([200, null]);
    // A stream of requests as well, which nobody sends.
    expect(await head("/v1/talk")).toEqual([200, "application/x-ndjson"]);
    expect(await head("/v1/list?count=x")).toEqual([400, "application/json"]);
  });

  test("a caller that leaves cancels the call at once", async () => {
    const { list, aborted } = endless(10);
    const { url } = await start(way, {}, { list });
    const controller = new AbortController();
    const response = await fetch(`${url}/v1/list`, { signal: controller.signal });
    await response.body?.getReader().read();
    const left = Date.now();
    controller.abort();
    expect(await aborted).toBe(Code.CANCELLED);
    expect(Date.now() - left).toBeLessThan(1000);
  });

  test("a caller that does not read is sent no more than buffers hold", async () => {
    const { list, sent, aborted } = endless(100_000);
    const { url } = await start(way, {}, { list });
    const controller = new AbortController();
    const response = await fetch(`${url}/v1/list`, { signal: controller.signal });
    expect(response.status).toBe(200);
    let before = -1;
    while (before !== sent()) {
      before = sent();
      await delay(200);
    }
    expect(before).toBeLessThan(1000);
    controller.abort();
    await aborted;
  });

  test("requests: a line each; empty ones are none, the last needs no end", async () => {
    const { url } = await start(way);
    const sum = async (body: string) => (await fetch(`${url}/v1/sum`, { ...ndjson, body })).json();
    expect(await sum('{"int32Value":1}\n\n{"int32_value":2}\r\n {"int32Value":3}')).toEqual({ int32Value: 6 });
    expect(await sum("")).toEqual({});
  });

  test("requests: the elements of an array, as they come", async () => {
    const { url } = await start(way);
    const sum = async (body: string | ReadableStream, type = "application/json") => {
      const init = { method: "POST", body, duplex: "half" as const, headers: { "content-type": type } };
      const response = await fetch(`${url}/v1/sum`, init);
      const text = await response.text();
      return response.status === 200 ? text : [response.status, (JSON.parse(text) as { message: string }).message];
    };
    const slowly = (text: string) =>
      new ReadableStream({
        async start(controller) {
          for (const byte of Buffer.from(text)) controller.enqueue(Uint8Array.of(byte));
          controller.close();
        },
      });
    const two = ' \n[ {"int32Value":1,"stringValue":"a,]}\\"\\\\","things":[{},{"stringValue":"单"}]} ,\t{"int32_value":2}\n] \r\n';
    expect(await sum(two)).toBe('{"int32Value":3}');
    expect(await sum(slowly(two))).toBe('{"int32Value":3}');
    expect(await sum("[]")).toBe("{}");
    expect(await sum(" [ ] ")).toBe("{}");
    // Without an array they are lines, whatever JSON is called.
    expect(await sum('{"int32Value":1}\n{"int32Value":2}')).toBe('{"int32Value":3}');
    expect(await sum('[{"int32Value":1},{"int32Value":"x"}]')).toEqual([400, expect.stringMatching(/^element 2: int32_value: /)]);
    for (const wrong of ["[{}", "[{},", "[{},]", "[,]", "[{}]]", "[{}] {}", '["', "[{]}]"])
      expect([wrong, await sum(wrong)]).toEqual([wrong, [400, expect.any(String)]]);
    expect(await sum("[{}]", "application/x-ndjson")).toEqual([400, expect.stringMatching(/^line 1: /)]);
  });

  test("an element that is too long is 413, and an array may have any length", async () => {
    const { url } = await start(way, { bodyLimit: 100 });
    const post = (body: string) => fetch(`${url}/v1/sum`, { method: "POST", body, headers: { "content-type": "application/json" } });
    expect((await post(`[${Array(1_000).fill('{"int32Value":1}').join(",")}]`)).status).toBe(200);
    expect((await post(`[{},{"stringValue":"${"x".repeat(200)}"}]`)).status).toBe(413);
  });

  test("a line that is wrong ends the call, and says which it is", async () => {
    const { url } = await start(way, { bodyLimit: 100 });
    const sum = async (body: string) => {
      const response = await fetch(`${url}/v1/sum`, { ...ndjson, body });
      return [response.status, ((await response.json()) as { message: string }).message];
    };
    expect(await sum('{"int32Value":1}\n{"int32Value":"x"}\n')).toEqual([400, expect.stringMatching(/^line 2: int32_value: /)]);
    expect(await sum("{\n")).toEqual([400, expect.stringMatching(/^line 1: /)]);
    expect(await sum(`{}\n"${"x".repeat(200)}"\n`)).toEqual([413, "a line of the body has more than 100 bytes"]);
    // The limit is a line's, not the body's.
    expect((await sum('{"int32Value":1}\n'.repeat(50)))[0]).toBe(200);
    const typed = await fetch(`${url}/v1/sum`, { method: "POST", body: "{}", headers: { "content-type": "text/plain" } });
    expect(typed.status).toBe(415);
  });

  test("lines that stop coming are 408; a handler that is slow to take them is not", async () => {
    const { port, url } = await start(
      way,
      { bodyTimeoutMs: 100 },
      {
        async sum(requests) {
          let sum = 0;
          for await (const { int32Value } of requests) {
            await delay(60);
            sum += int32Value;
          }
          return { int32Value: sum };
        },
      },
    );
    const head = "POST /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(await raw(port, `${head}3\r\n{}\n\r\n`)).toMatch(/^HTTP\/1.1 408 /);
    const response = await fetch(`${url}/v1/sum`, { ...ndjson, body: '{"int32Value":1}\n'.repeat(6) });
    expect([response.status, await response.json()]).toEqual([200, { int32Value: 6 }]);
  });

  test("a handler that wants no more lines answers at once", async () => {
    const { port } = await start(
      way,
      {},
      {
        async sum(requests) {
          for await (const request of requests) return request;
          return {};
        },
      },
    );
    const head =
      "POST /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(await raw(port, `${head}12\r\n{"int32Value":1}\n{\r\n`)).toMatch(/^HTTP\/1.1 200 .*\{"int32Value":1\}$/s);
  });

  test("an upload is its bytes, as they come; one that stops coming is 408", async () => {
    const { url, port } = await start(way, { bodyTimeoutMs: 100 });
    const response = await fetch(`${url}/v1/upload/n%2F1`, {
      method: "POST",
      body: new Uint8Array(300_000),
      headers: { "content-type": "image/png" },
    });
    expect(await response.json()).toEqual({ repeatedValue: ["n/1 image/png"], int32Value: 300_000 });
    expect(await raw(port, "POST /v1/upload/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")).toMatch(/^HTTP\/1.1 408 /);
  });

  test("a body that breaks off ends the call", async () => {
    const { promise, resolve } = Promise.withResolvers<Code>();
    const { port } = await start(
      way,
      {},
      {
        async sum(requests, { signal }) {
          signal.addEventListener("abort", () => resolve(RpcError.from(signal.reason).code));
          for await (const _ of requests);
          return {};
        },
      },
    );
    const head = "POST /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{}\n";
    const { connect } = await import("node:net");
    const socket = connect(port, "127.0.0.1", () => socket.write(head));
    await delay(100);
    socket.destroy();
    expect(await promise).toBe(Code.CANCELLED);
  });

  test("lines both ways over HTTP/1.1, one after the other", async () => {
    const { url } = await start(way);
    const response = await fetch(`${url}/v1/talk/a`, { ...ndjson, body: '{"int32Value":1}\n{"int32Value":2}\n' });
    expect(await response.text()).toBe('{"result":{"int32Value":2,"stringValue":"a"}}\n{"result":{"int32Value":4,"stringValue":"a"}}\n');
  });

  test("lines both ways over HTTP/2, in turns", async () => {
    const app = Fastify({ http2: true });
    const { port } = await startGateway(implement(Things, handlers), { way, app: app as never, graceMs: 0 });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session
      .request({ ":method": "POST", ":path": "/v1/talk/b", "content-type": "application/x-ndjson" })
      .setEncoding("utf8");
    const answers = stream[Symbol.asyncIterator]();
    for (const number of [1, 2, 3]) {
      stream.write(`{"int32Value":${number}}\n`);
      expect((await answers.next()).value).toBe(`{"result":{"int32Value":${number * 2},"stringValue":"b"}}\n`);
    }
    stream.end();
    expect((await answers.next()).done).toBe(true);
  });

  test("over HTTP/2, a caller that resets its stream cancels the call", async () => {
    const { list, aborted } = endless(10);
    const app = Fastify({ http2: true });
    const { port } = await startGateway(implement(Things, { list }), { way, app: app as never, graceMs: 0 });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/v1/list" });
    await new Promise((resolve) => stream.once("data", resolve));
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await aborted).toBe(Code.CANCELLED);
  });

  test("over HTTP/2, errors have their status", async () => {
    const app = Fastify({ http2: true });
    const { port } = await startGateway(implement(Things, handlers), { way, app: app as never, graceMs: 0, bodyLimit: 10 });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const status = (path: string, body?: string) =>
      new Promise((resolve) => {
        const type = body === undefined ? {} : { "content-type": "application/json" };
        const stream = session.request({ ":method": body === undefined ? "GET" : "POST", ":path": path, ...type });
        stream.on("response", (headers) => resolve(headers[":status"]));
        stream.on("error", resolve).resume().end(body);
      });
    expect(await status("/v1/nothing")).toBe(404);
    expect(await status("/v1/list?fail=5")).toBe(404);
    expect(await status("/v1/things", `"${"x".repeat(30)}"`)).toBe(413);
    expect(await status("/v1/list?count=1")).toBe(200);
  });
});
