// Streams in HTTP requests and responses: NDJSON, events, arrays, bytes, with backpressure and
// cancellation.
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { Code, codeFrom, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { startGateway, type Transport, transports } from "../../test/gateway.ts";
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

const start = (transport: Transport, options: Partial<GatewayOptions> = {}, more: Handlers<typeof Things> = {}) =>
  startGateway(implement(Things, { ...handlers, ...more }), { transport, graceMs: 0, ...options });

const ndjson = { method: "POST", headers: { "content-type": "application/x-ndjson" } };

/** A handler that sends until its call is cancelled. `aborted` resolves to the code. */
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

describe.each(transports)("%s", (transport) => {
  test("NDJSON has one line for each response", async () => {
    const { url } = await start(transport);
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

  test("an error before the first response sets the HTTP status; a later one is a line", async () => {
    const { url } = await start(transport);
    const first = await fetch(`${url}/v1/list?fail=5`);
    expect([first.status, await first.json()]).toEqual([404, { code: 5, message: "no more", details: [] }]);
    const later = await fetch(`${url}/v1/list?count=1&fail=5`);
    expect([later.status, await later.text()]).toEqual([200, '{"result":{}}\n{"error":{"code":5,"message":"no more","details":[]}}\n']);
    const wrong = await fetch(`${url}/v1/list?count=x`);
    expect([wrong.status, ((await wrong.json()) as { code: number }).code]).toEqual([400, 3]);
  });

  test("events have ids; the last one is end or error", async () => {
    const { url } = await start(transport);
    const accept = { headers: { accept: "text/event-stream" } };
    const response = await fetch(`${url}/v1/list?count=2`, accept);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await response.text()).toBe('id: 0\ndata: {}\n\nid: 1\ndata: {"int32Value":1}\n\nevent: end\nid: end\ndata: {}\n\n');
    const failed = await fetch(`${url}/v1/list?count=1&fail=5`, accept);
    expect(await failed.text()).toBe('id: 0\ndata: {}\n\nevent: error\nid: end\ndata: {"code":5,"message":"no more","details":[]}\n\n');
  });

  test("an EventSource that reconnects continues its ids", async () => {
    const { url } = await start(transport);
    const again = (id: string) => fetch(`${url}/v1/list?count=1`, { headers: { accept: "text/event-stream", "last-event-id": id } });
    expect(await (await again("41")).text()).toMatch(/^id: 42\ndata: /);
    expect(await (await again("x")).text()).toMatch(/^id: 0\ndata: /);
  });

  test("an EventSource that reconnects after the end gets 204", async () => {
    const { url } = await start(transport);
    const again = await fetch(`${url}/v1/list?count=2`, { headers: { accept: "text/event-stream", "last-event-id": "end" } });
    expect([again.status, await again.text()]).toEqual([204, ""]);
  });

  test("a JSON array; an error aborts it", async () => {
    const { url } = await start(transport);
    const accept = { headers: { accept: "application/json" } };
    const response = await fetch(`${url}/v1/list?count=2`, accept);
    expect([response.headers.get("content-type"), await response.json()]).toEqual(["application/json", [{}, { int32Value: 1 }]]);
    expect(await (await fetch(`${url}/v1/list`, accept)).json()).toEqual([]);
    const half = await fetch(`${url}/v1/list?count=1&fail=5`, accept);
    await expect(half.text()).rejects.toThrow();
  });

  test("raw bytes have the content type of the first response", async () => {
    const { url } = await start(transport);
    const response = await fetch(`${url}/v1/download?count=3`);
    expect([response.headers.get("content-type"), await response.text()]).toEqual(["text/x-test", "abc"]);
    expect((await fetch(`${url}/v1/download`)).status).toBe(200);
  });

  test("raw bytes without a type are application/octet-stream; an unset body is empty", async () => {
    const { url } = await start(
      transport,
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

  test("responses arrive one by one, and the trailer last if the client accepts trailers", async () => {
    const { url, port } = await start(transport);
    const response = await fetch(`${url}/v1/list?count=2&delay_ms=300`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const started = Date.now();
    expect((await reader?.read())?.value).toBe('{"result":{}}\n');
    expect(Date.now() - started).toBeLessThan(290);
    await reader?.cancel();
    const text = await raw(port, "GET /v1/list?count=1 HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n");
    expect(text).toMatch(/\r\n0\r\ngrpc-trailer-t: 2\r\n\r\n$/);
  });

  test("a quiet stream sends its header", async () => {
    const { url } = await start(
      transport,
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

  test.each(["HTTP/1.1", "HTTP/2"])("HEAD over %s returns the header and cancels the call", async (version) => {
    const { list, aborted } = endless(10);
    const download: Handlers<typeof Things>["download"] = async function* (_request, { signal }) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      yield {};
    };
    const { url } = await startGateway(implement(Things, { ...handlers, list, download }), { transport, graceMs: 0 });
    const session = version === "HTTP/2" ? connectHttp2(url) : undefined;
    onTestFinished(() => session?.destroy());
    const head = async (path: string) => {
      if (session === undefined) {
        const { status, headers } = await fetch(url + path, { method: "HEAD" });
        return [status, headers.get("content-type"), headers.get("content-length")];
      }
      const stream = session.request({ ":method": "HEAD", ":path": path }).resume();
      const [[headers]] = await Promise.all([once(stream, "response"), once(stream, "close")]);
      return [headers[":status"], headers["content-type"] ?? null, headers["content-length"] ?? null];
    };
    // The response to a GET has no length.
    expect(await head("/v1/list")).toEqual([200, "application/x-ndjson", null]);
    expect(await aborted).toBe(Code.CANCELLED);
    // The type depends on the first response, which may never arrive.
    expect(await head("/v1/download")).toEqual([200, null, null]);
    // A bidirectional stream without requests.
    expect(await head("/v1/talk")).toEqual([200, "application/x-ndjson", null]);
    expect(await head("/v1/list?count=x")).toEqual([400, "application/json", expect.anything()]);
  });

  test("an aborted request cancels the call at once", async () => {
    const { list, aborted } = endless(10);
    const { url } = await start(transport, {}, { list });
    const controller = new AbortController();
    const response = await fetch(`${url}/v1/list`, { signal: controller.signal });
    await response.body?.getReader().read();
    const left = Date.now();
    controller.abort();
    expect(await aborted).toBe(Code.CANCELLED);
    expect(Date.now() - left).toBeLessThan(1000);
  });

  test("backpressure: a client that does not read stops the handler", async () => {
    const { list, sent, aborted } = endless(100_000);
    const { url } = await start(transport, {}, { list });
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

  test("requests: one for each line; empty lines are skipped, the last newline is optional", async () => {
    const { url } = await start(transport);
    const sum = async (body: string) => (await fetch(`${url}/v1/sum`, { ...ndjson, body })).json();
    expect(await sum('{"int32Value":1}\n\n{"int32_value":2}\r\n {"int32Value":3}')).toEqual({ int32Value: 6 });
    expect(await sum("")).toEqual({});
  });

  test("requests: the elements of an array, as they arrive", async () => {
    const { url } = await start(transport);
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
    // Without an array, the body is read as lines.
    expect(await sum('{"int32Value":1}\n{"int32Value":2}')).toBe('{"int32Value":3}');
    expect(await sum('[{"int32Value":1},{"int32Value":"x"}]')).toEqual([400, expect.stringMatching(/^element 2: int32_value: /)]);
    for (const wrong of ["[{}", "[{},", "[{},]", "[,]", "[{}]]", "[{}] {}", '["', "[{]}]"])
      expect([wrong, await sum(wrong)]).toEqual([wrong, [400, expect.any(String)]]);
    expect(await sum("[{}]", "application/x-ndjson")).toEqual([400, expect.stringMatching(/^line 1: /)]);
  });

  test("an element that is too large fails with 413; an array may have any length", async () => {
    const { url } = await start(transport, { bodyLimit: 100 });
    const post = (body: string) => fetch(`${url}/v1/sum`, { method: "POST", body, headers: { "content-type": "application/json" } });
    expect((await post(`[${Array(1_000).fill('{"int32Value":1}').join(",")}]`)).status).toBe(200);
    expect((await post(`[{},{"stringValue":"${"x".repeat(200)}"}]`)).status).toBe(413);
  });

  test("an invalid line fails the call, and the error names the line", async () => {
    const { url } = await start(transport, { bodyLimit: 100 });
    const sum = async (body: string) => {
      const response = await fetch(`${url}/v1/sum`, { ...ndjson, body });
      return [response.status, ((await response.json()) as { message: string }).message];
    };
    expect(await sum('{"int32Value":1}\n{"int32Value":"x"}\n')).toEqual([400, expect.stringMatching(/^line 2: int32_value: /)]);
    expect(await sum("{\n")).toEqual([400, expect.stringMatching(/^line 1: /)]);
    expect(await sum(`{}\n"${"x".repeat(200)}"\n`)).toEqual([413, "a line of the body is larger than the limit of 100 bytes"]);
    // The limit applies to a line, not to the body.
    expect((await sum('{"int32Value":1}\n'.repeat(50)))[0]).toBe(200);
    const typed = await fetch(`${url}/v1/sum`, { method: "POST", body: "{}", headers: { "content-type": "text/plain" } });
    expect(typed.status).toBe(415);
  });

  test("a stalled body fails with 408; a slow handler does not", async () => {
    const { port, url } = await start(
      transport,
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

  test("a handler may return before the end of the requests", async () => {
    const { port } = await start(
      transport,
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

  test("an upload streams its bytes; a stalled one fails with 408", async () => {
    const { url, port } = await start(transport, { bodyTimeoutMs: 100 });
    const response = await fetch(`${url}/v1/upload/n%2F1`, {
      method: "POST",
      body: new Uint8Array(300_000),
      headers: { "content-type": "image/png" },
    });
    expect(await response.json()).toEqual({ repeatedValue: ["n/1 image/png"], int32Value: 300_000 });
    expect(await raw(port, "POST /v1/upload/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")).toMatch(/^HTTP\/1.1 408 /);
  });

  test("an aborted body cancels the call", async () => {
    const { promise, resolve } = Promise.withResolvers<Code>();
    const { port } = await start(
      transport,
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

  test("lines in both directions over HTTP/1.1, one after the other", async () => {
    const { url } = await start(transport);
    const response = await fetch(`${url}/v1/talk/a`, { ...ndjson, body: '{"int32Value":1}\n{"int32Value":2}\n' });
    expect(await response.text()).toBe('{"result":{"int32Value":2,"stringValue":"a"}}\n{"result":{"int32Value":4,"stringValue":"a"}}\n');
  });

  test("lines in both directions over HTTP/2, in turns", async () => {
    const { port } = await startGateway(implement(Things, handlers), { transport, graceMs: 0 });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session
      .request({ ":method": "POST", ":path": "/v1/talk/b", "content-type": "application/x-ndjson" })
      .setEncoding("utf8");
    const responses = stream[Symbol.asyncIterator]();
    for (const number of [1, 2, 3]) {
      stream.write(`{"int32Value":${number}}\n`);
      expect((await responses.next()).value).toBe(`{"result":{"int32Value":${number * 2},"stringValue":"b"}}\n`);
    }
    stream.end();
    expect((await responses.next()).done).toBe(true);
  });

  test("over HTTP/2, a reset stream cancels the call", async () => {
    const { list, aborted } = endless(10);
    const { port } = await startGateway(implement(Things, { list }), { transport, graceMs: 0 });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/v1/list" });
    await new Promise((resolve) => stream.once("data", resolve));
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await aborted).toBe(Code.CANCELLED);
  });

  test("over HTTP/2, errors have their HTTP status", async () => {
    const { port } = await startGateway(implement(Things, handlers), { transport, graceMs: 0, bodyLimit: 10 });
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
