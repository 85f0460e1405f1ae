// Headers, deadlines, limits and error statuses of HTTP calls.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  connect as connectHttp2,
  constants,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, type Context, codeFrom, detail, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import { RetryInfoSchema } from "@grpc-study/rpc/error-details";
import { describe, expect, onTestFinished, test } from "vitest";
import { startGateway, type Transport, transports } from "../../test/gateway.ts";
import { ThingSchema, Things } from "../../test/gen/things_pb.js";
import { raw } from "../../test/raw.ts";
import { createGateway } from "../gateway.ts";
import type { GatewayServerOptions } from "../options.ts";
import { httpStatus } from "./status.ts";

const body = { method: "POST", headers: { "content-type": "application/json" } };

function start(transport: Transport, handlers: Handlers<typeof Things>, options: Partial<GatewayServerOptions> = {}) {
  return startGateway(implement(Things, handlers), { transport, graceMs: 0, ...options });
}

/** Starts a gateway with a handler that records its context. */
async function startEcho(transport: Transport, options: Partial<GatewayServerOptions> = {}) {
  let context: Context | undefined;
  const gateway = await start(
    transport,
    {
      get: (_request, received) => {
        context = received;
        return {};
      },
    },
    options,
  );
  const call = async (headers: Record<string, string>) => {
    const response = await fetch(`${gateway.url}/v1/query`, { headers });
    await response.text();
    return { response, metadata: Object.fromEntries(context?.metadata ?? []), context };
  };
  return { ...gateway, call };
}

describe.each(transports)("%s", (transport) => {
  test("forwards only selected headers as metadata", async () => {
    const { call } = await startEcho(transport, { forwardHeaders: ["X-Tenant"] });
    const { metadata } = await call({
      authorization: "Bearer x",
      "grpc-metadata-a": "1",
      "Grpc-Metadata-B-Bin": Buffer.from([0, 255]).toString("base64"),
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "x-tenant": "t",
      "x-other": "no",
      cookie: "no=no",
      "grpc-metadata-te": "no",
      "grpc-metadata-host": "no",
      "grpc-metadata-grpc-timeout": "1n",
      "grpc-metadata-content-type": "no",
      "grpc-metadata-connection": "no",
      "grpc-metadata-": "no",
    });
    expect(metadata).toMatchObject({
      authorization: "Bearer x",
      a: "1",
      "b-bin": Buffer.from([0, 255]),
      "x-tenant": "t",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    });
    const names = ["authorization", "a", "b-bin", "traceparent", "x-tenant"].concat([
      "x-forwarded-for",
      "x-forwarded-host",
      "x-forwarded-proto",
      "x-request-id",
    ]);
    // Over a socket, gRPC adds its own metadata.
    const own = ["user-agent", "grpc-accept-encoding", "accept-encoding"];
    expect(
      Object.keys(metadata)
        .filter((name) => !own.includes(name))
        .toSorted(),
    ).toEqual(names.toSorted());
  });

  const proxied = { "x-forwarded-for": "10.0.0.1", "x-forwarded-host": "shop.example", "x-forwarded-proto": "https" };

  test("x-forwarded-* describes the connection, whatever the client sends", async () => {
    const { call, port } = await startEcho(transport);
    const origin = { "x-forwarded-for": "127.0.0.1", "x-forwarded-host": `127.0.0.1:${port}`, "x-forwarded-proto": "http" };
    expect((await call({})).metadata).toMatchObject(origin);
    expect((await call(proxied)).metadata).toMatchObject(origin);
  });

  test("x-forwarded-* comes from trusted proxies", async () => {
    const { call } = await startEcho(transport, { trustProxy: "127.0.0.1" });
    expect((await call(proxied)).metadata).toMatchObject({ ...proxied, "x-forwarded-for": "10.0.0.1, 127.0.0.1" });
    // The part that the client wrote before its proxy did is not trusted.
    const forged = await call({ ...proxied, "x-forwarded-for": "1.1.1.1, 10.0.0.1" });
    expect(forged.metadata).toMatchObject({ "x-forwarded-for": "10.0.0.1, 127.0.0.1" });
    const elsewhere = await startEcho(transport, { trustProxy: "10.0.0.9" });
    expect((await elsewhere.call(proxied)).metadata).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http" });
  });

  test("clients cannot forge metadata that only the gateway sets", async () => {
    const { call, port } = await startEcho(transport);
    const names = [
      "X-Forwarded-For",
      "X-Forwarded-Proto",
      "X-Forwarded-Host",
      "X-Forwarded-Client-Cert",
      "X_Forwarded_Proto",
      "Forwarded",
      "Via",
    ].concat(["X-Request-Id", "X-Real-Ip", "X-Envoy-External-Address", "True-Client-Ip"]);
    const { metadata, response } = await call(Object.fromEntries(names.map((name) => [`Grpc-Metadata-${name}`, "forged"])));
    expect(Object.values(metadata)).not.toContain("forged");
    expect(metadata).toMatchObject({
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": `127.0.0.1:${port}`,
    });
    expect(metadata["x-request-id"]).toBe(response.headers.get("x-request-id"));
  });

  test.each(["X-Forwarded-Proto", "x-request-id", "Forwarded"])("an option that forwards %s throws at start", async (name) => {
    expect(() => createGateway({ services: [Things], upstream: "localhost:1", forwardHeaders: [name] })).toThrow(
      `forwardHeaders must not name ${name.toLowerCase()}`,
    );
  });

  test("forwards last-event-id to the upstream", async () => {
    const { call } = await startEcho(transport);
    expect((await call({ "last-event-id": "41" })).metadata).toMatchObject({ "last-event-id": "41" });
  });

  test("a request has an id: the client's, or a generated one", async () => {
    const { call } = await startEcho(transport);
    const given = await call({ "x-request-id": "abc" });
    expect([given.response.headers.get("x-request-id"), given.metadata["x-request-id"]]).toEqual(["abc", "abc"]);
    const fresh = await call({});
    expect(fresh.metadata["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(fresh.response.headers.get("x-request-id")).toBe(fresh.metadata["x-request-id"]);
    expect((await call({ "x-request-id": "x".repeat(129) })).metadata["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("a header that is not valid metadata fails with INVALID_ARGUMENT", async () => {
    const { port } = await startEcho(transport);
    const get = (header: string) => raw(port, `GET /v1/query HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}\r\n\r\n`);
    expect(await get("Grpc-Metadata-A!b: 1")).toMatch(/^HTTP\/1.1 400 .*"code":3/s);
    expect(await get("Grpc-Metadata-A: \xe4")).toMatch(/^HTTP\/1.1 400 .*"code":3/s);
    expect(await get("Grpc-Timeout: soon")).toMatch(/^HTTP\/1.1 400 .*"code":3/s);
    for (const value of ["%%%", "a", "AQI=AQI=", "/w== x"])
      expect(await get(`Grpc-Metadata-A-Bin: ${value}`)).toMatch(/^HTTP\/1.1 400 .*not base64/s);
  });

  test("binary metadata may omit padding, and have several values", async () => {
    const { call } = await startEcho(transport);
    const { context } = await call({ "grpc-metadata-a-bin": "/w==, /w,AQID" });
    expect(context?.metadata.getAllBytes("a-bin")).toEqual([Buffer.of(255), Buffer.of(255), Buffer.of(1, 2, 3)]);
  });

  test("the options pass headers under their own names in both directions", async () => {
    let received: Record<string, unknown> = {};
    const options = {
      forwardHeaders: ["Cookie", "Idempotency-Key"],
      responseHeaders: ["Set-Cookie", "ETag", "Location", "Retry-After"],
      statusMetadata: "X-Http-Code",
    };
    const { url } = await start(
      transport,
      {
        get: ({ stringValue }, { metadata, header, trailer }) => {
          received = Object.fromEntries(metadata);
          if (stringValue === "fail") throw new RpcError(Code.UNAVAILABLE, "later", { metadata: { "retry-after": "7" } });
          header.add("set-cookie", "a=1; Expires=Wed, 01 Jan 2030 00:00:00 GMT");
          header.add("set-cookie", "b=2");
          header.set("location", "/v1/things/1");
          trailer.set("etag", '"x"');
          trailer.set("x-http-code", stringValue);
          trailer.set("other", "o");
          return { int32Value: 1 };
        },
      },
      options,
    );
    const ask = (code: string) =>
      fetch(`${url}/v1/query?string_value=${code}`, { headers: { cookie: "c=3; d=4", "idempotency-key": "k" } });
    const created = await ask("201");
    expect(received).toMatchObject({ cookie: "c=3; d=4", "idempotency-key": "k" });
    expect([created.status, await created.json()]).toEqual([201, { int32Value: 1 }]);
    const { headers } = created;
    expect(headers.getSetCookie()).toEqual(["a=1; Expires=Wed, 01 Jan 2030 00:00:00 GMT", "b=2"]);
    expect([headers.get("location"), headers.get("etag"), headers.get("grpc-trailer-other")]).toEqual(["/v1/things/1", '"x"', "o"]);
    expect([...headers.keys()].filter((name) => /cookie|etag|code/.test(name) && name.startsWith("grpc-"))).toEqual([]);

    const empty = await ask("204");
    expect([empty.status, await empty.text()]).toEqual([204, ""]);
    for (const wrong of ["500", "99", "x", ""]) expect((await ask(wrong)).status, wrong).toBe(200);
    const failed = await ask("fail");
    expect([failed.status, failed.headers.get("retry-after")]).toEqual([503, "7"]);
  });

  test.each([
    [{ forwardHeaders: ["content-type"] }, "forwardHeaders must not name content-type: it belongs to the connection or to gRPC"],
    [{ forwardHeaders: ["Grpc-Timeout"] }, "forwardHeaders must not name grpc-timeout"],
    [{ responseHeaders: ["Content-Length"] }, "responseHeaders must not name content-length"],
    [{ responseHeaders: ["x-request-id"] }, "responseHeaders must not name x-request-id: only the gateway sets it"],
    [{ statusMetadata: "grpc-status" }, "statusMetadata must not name grpc-status: it belongs to the connection or to gRPC"],
    [{ responseHeaders: ["set cookie"] }, 'responseHeaders contains "set cookie", which is not a header name'],
  ])("%j throws at start", async (options, message) => {
    await expect(start(transport, {}, options)).rejects.toThrow(message);
  });

  test("returns the header and trailer, without gRPC's own", async () => {
    const { url } = await start(transport, {
      get: (_request, { header, trailer }) => {
        header.set("a", "1");
        header.add("a", "2");
        header.set("date", "no");
        trailer.set("b-bin", Buffer.from([255]));
        return {};
      },
    });
    const { headers } = await fetch(`${url}/v1/query`);
    expect(headers.get("grpc-metadata-a")).toBe("1, 2");
    expect(headers.get("grpc-trailer-b-bin")).toBe("/w==");
    const names = [...headers.keys()].filter((name) => name.startsWith("grpc-"));
    expect(names).toEqual(["grpc-metadata-a", "grpc-trailer-b-bin"]);
  });

  test("an error response has the header and trailer", async () => {
    const { url } = await start(transport, {
      get: (_request, { trailer }) => {
        trailer.set("b", "2");
        throw new RpcError(Code.ABORTED, "no", { metadata: { c: "3" } });
      },
    });
    const { status, headers } = await fetch(`${url}/v1/query`);
    expect([status, headers.get("grpc-trailer-b"), headers.get("grpc-trailer-c")]).toEqual([409, "2", "3"]);
  });

  test("Grpc-Timeout and timeoutMs set the deadline", async () => {
    const { call } = await startEcho(transport, { timeoutMs: 60_000 });
    const left = async (timeout?: string) => {
      const now = Date.now();
      const { context } = await call(timeout === undefined ? {} : { "grpc-timeout": timeout });
      return (Number(context?.deadline) - now) / 1000;
    };
    expect(await left()).toBeCloseTo(60, 0);
    expect(await left("20S")).toBeCloseTo(20, 0);
    expect(await left("2H")).toBeCloseTo(60, 0);
  });

  test("an exceeded deadline fails with 504", async () => {
    const { url } = await start(transport, {
      get: (_request, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", reject)),
    });
    const response = await fetch(`${url}/v1/query`, { headers: { "grpc-timeout": "30m" } });
    expect([response.status, ((await response.json()) as { code: number }).code]).toEqual([504, Code.DEADLINE_EXCEEDED]);
    expect((await fetch(`${url}/v1/query`, { headers: { "grpc-timeout": "0S" } })).status).toBe(504);
  });

  test.each([...Array(17).keys()].slice(1).map(codeFrom))(
    "code %i has its HTTP status, and a google.rpc.Status with typed details",
    async (code) => {
      const details = [detail(RetryInfoSchema, { retryDelay: { seconds: 2n } })];
      const { url } = await start(transport, {
        fail: () => {
          throw new RpcError(code, "坏了", { details });
        },
      });
      const response = await fetch(`${url}/v1/fail`, { ...body, body: "{}" });
      expect(response.status).toBe(httpStatus(code));
      expect(response.headers.get("content-type")).toMatch(/^application\/json/);
      expect(await response.json()).toEqual({
        code,
        message: "坏了",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "2s" }],
      });
      const retries = code === Code.UNAVAILABLE || code === Code.RESOURCE_EXHAUSTED;
      expect(response.headers.get("retry-after")).toBe(retries ? "2" : null);
    },
  );

  test.each<[Code, object | undefined, string | null]>([
    [Code.UNAVAILABLE, undefined, "1"],
    [Code.UNAVAILABLE, {}, "1"],
    [Code.UNAVAILABLE, { retryDelay: { seconds: 5n, nanos: 1 } }, "6"],
    [Code.UNAVAILABLE, { retryDelay: { seconds: -5n } }, "1"],
    [Code.RESOURCE_EXHAUSTED, undefined, null],
    [Code.RESOURCE_EXHAUSTED, { retryDelay: { nanos: 1 } }, "1"],
    [Code.RESOURCE_EXHAUSTED, { retryDelay: {} }, "0"],
    [Code.RESOURCE_EXHAUSTED, { retryDelay: { seconds: -5n } }, null],
  ])("code %i with RetryInfo %o has Retry-After: %s", async (code, retryInfo, expected) => {
    const { url } = await start(transport, {
      fail: () => {
        throw new RpcError(code, "later", { details: retryInfo === undefined ? [] : [detail(RetryInfoSchema, retryInfo)] });
      },
    });
    expect((await fetch(`${url}/v1/fail`, { ...body, body: "{}" })).headers.get("retry-after")).toBe(expected);
  });

  test("the HTTP statuses are those of google.rpc.Code", () => {
    // google/rpc/code.proto
    const table = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
    expect(table.map((_status, code) => httpStatus(codeFrom(code)))).toEqual(table);
    expect(httpStatus(99 as Code)).toBe(500);
  });

  test("a detail of an unknown type is printed as bytes; other errors of a handler are hidden", async () => {
    const unknown = anyPack(ThingSchema, create(ThingSchema, { int32Value: 1 }));
    const { url } = await start(transport, {
      fail: () => {
        throw new RpcError(Code.ABORTED, "no", { details: [unknown] });
      },
      get: () => {
        throw new Error("secret");
      },
    });
    const failed = await fetch(`${url}/v1/fail`, { ...body, body: "{}" });
    expect(await failed.json()).toMatchObject({
      details: [{ "@type": "type.googleapis.com/grpc_study.gateway_test.Thing", value: "KAE=" }],
    });
    const response = await fetch(`${url}/v1/query`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ code: Code.INTERNAL, message: "internal error", details: [] });
  });

  test("fails with 415 for another content type, 413 for a large body, 400 for malformed JSON", async () => {
    const { url, port } = await start(transport, { create: (request) => request }, { bodyLimit: 100 });
    const post = (type: string, text: string | Uint8Array<ArrayBuffer>) =>
      fetch(`${url}/v1/things`, { method: "POST", body: text, headers: { "content-type": type } });
    for (const type of [
      "text/plain",
      "application/xml",
      "application/x-www-form-urlencoded",
      "application/json; charset=latin1",
      "nonsense",
      "a/b/c",
    ]) {
      const response = await post(type, "{}");
      expect([type, response.status]).toEqual([type, 415]);
      expect(await response.json()).toMatchObject({ code: Code.INVALID_ARGUMENT, details: [] });
    }
    for (const type of ["application/json", "application/json; charset=UTF-8", "application/merge-patch+json", "Application/JSON"]) {
      expect([type, (await post(type, "{}")).status]).toEqual([type, 200]);
    }
    const headers = { ...body.headers, "content-encoding": "br" };
    const compressed = await fetch(`${url}/v1/things`, { ...body, headers, body: new Uint8Array(brotliCompressSync("{}")) });
    expect([compressed.status, compressed.headers.get("accept-encoding")]).toEqual([415, "gzip, identity"]);
    // `curl -d`
    const form = await post("application/x-www-form-urlencoded", "{}");
    expect([form.status, form.headers.get("accept"), await form.json()]).toMatchObject([
      415,
      "application/json",
      {
        message:
          'content-type must be application/json, got "application/x-www-form-urlencoded": send JSON with the header content-type: application/json',
      },
    ]);
    const long = await post("application/json", `"${"x".repeat(100)}"`);
    expect([long.status, await long.json()]).toMatchObject([413, { code: Code.RESOURCE_EXHAUSTED }]);
    const chunks = `POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${`40\r\n${"x".repeat(64)}\r\n`.repeat(3)}`;
    expect(await raw(port, chunks)).toMatch(/^HTTP\/1.1 413 /);
    expect((await post("application/json", "{")).status).toBe(400);
    expect((await post("application/json", new Uint8Array([0x22, 0xff, 0x22]))).status).toBe(400);
  });

  test("a body without a content type fails with 415; a POST without a body needs no type", async () => {
    const { url, port } = await start(transport, { create: (request) => request, get: (request) => request, sum: () => ({}) });
    const withoutContentType = (path: string, rest: string) =>
      raw(port, `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`);
    for (const path of ["/v1/things", "/v1/sum"]) {
      expect(await withoutContentType(path, "Content-Length: 2\r\n\r\n{}")).toMatch(/^HTTP\/1.1 415 .*got none/s);
      expect(await withoutContentType(path, "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")).toMatch(/^HTTP\/1.1 415 /);
      expect(await withoutContentType(path, "Content-Type:\r\nContent-Length: 2\r\n\r\n{}")).toMatch(/^HTTP\/1.1 415 /);
      expect(await withoutContentType(path, "\r\n")).toMatch(/^HTTP\/1.1 200 /);
      expect(await withoutContentType(path, "Content-Length: 0\r\n\r\n")).toMatch(/^HTTP\/1.1 200 /);
      expect(await withoutContentType(path, "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")).toMatch(/^HTTP\/1.1 200 /);
    }
    expect((await fetch(`${url}/v1/things`, { method: "POST", body: new Blob(["{}"]) })).status).toBe(415);
    expect((await fetch(`${url}/v1/query`, { method: "POST" })).status).toBe(200);
  });

  test("a body may be gzip; the limit applies to the decompressed size; malformed gzip fails with 400", async () => {
    const { url } = await start(
      transport,
      {
        create: (request) => request,
        raw: (request) => request,
        sum: async (requests) => ({ int32Value: (await Array.fromAsync(requests)).length }),
      },
      { bodyLimit: 10_000 },
    );
    const post = async (path: string, bytes: Uint8Array, type = "application/json", encoding = "gzip") => {
      const headers = { "content-type": type, "content-encoding": encoding };
      const response = await fetch(url + path, { method: "POST", headers, body: new Uint8Array(bytes) });
      return [response.status, await response.text()];
    };
    const message = '{"int32Value":1}';
    expect(await post("/v1/things", gzipSync(message))).toEqual([200, message]);
    expect(await post("/v1/things", gzipSync(message), "application/json", "X-GZIP")).toEqual([200, message]);
    expect(await post("/v1/things", Buffer.from(message), "application/json", "identity")).toEqual([200, message]);
    expect(await post("/v1/raw", gzipSync("bytes"), "image/png")).toEqual([200, "bytes"]);
    expect(await post("/v1/sum", gzipSync(`${message}\n`.repeat(2_000)), "application/x-ndjson")).toEqual([200, '{"int32Value":2000}']);
    const bomb = gzipSync(Buffer.alloc(50_000_000, " "));
    expect(await post("/v1/things", bomb)).toEqual([413, expect.stringContaining("larger than the limit of 10000 bytes")]);
    expect(await post("/v1/raw", bomb, "image/png")).toEqual([413, expect.any(String)]);
    expect(await post("/v1/sum", gzipSync(`"${"x".repeat(20_000)}"`))).toEqual([413, expect.any(String)]);
    for (const path of ["/v1/things", "/v1/raw", "/v1/sum"]) {
      expect(await post(path, Buffer.from(message))).toEqual([400, expect.stringContaining("the body is not gzip")]);
      expect(await post(path, gzipSync(message).subarray(0, -9))).toEqual([400, expect.stringContaining("the body is not gzip")]);
      expect((await post(path, gzipSync(gzipSync(message)), "application/json", "gzip, gzip"))[0]).toBe(415);
    }
  });

  test("compresses large responses with the coding that clients prefer, but not streams", async () => {
    const long = "单x".repeat(2_000);
    const { url, port } = await start(transport, {
      get: ({ stringValue }) => ({ stringValue: stringValue === "short" ? "" : long }),
      raw: ({ contentType }) => ({ contentType, data: Buffer.from(long) }),
      async *list() {
        yield { stringValue: long };
      },
    });
    const ask = async (path: string, accept: string, more: RequestInit = {}) => {
      const response = await fetch(url + path, { ...more, headers: { "accept-encoding": accept, ...more.headers } });
      const { headers } = response;
      return [response.status, headers.get("content-encoding"), headers.get("vary"), await response.text()];
    };
    const json = JSON.stringify({ stringValue: long });
    for (const accept of ["gzip", "br;q=0.5, GZIP", "deflate, x-gzip", "gzip, *;q=0.5"]) {
      expect([accept, await ask("/v1/query", accept)]).toEqual([accept, [200, "gzip", "accept-encoding", json]]);
    }
    for (const accept of ["br", "gzip, deflate, br, zstd", "*", "gzip;q=0, *;q=0.1"]) {
      expect([accept, await ask("/v1/query", accept)]).toEqual([accept, [200, "br", "accept-encoding", json]]);
    }
    for (const accept of ["identity", "zstd", "gzip;q=0", "*;q=0.0", "identity, br;q=0.9"]) {
      expect([accept, await ask("/v1/query", accept)]).toEqual([accept, [200, null, "accept-encoding", json]]);
    }
    expect(await raw(port, "GET /v1/query HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).not.toMatch(/content-encoding/i);
    expect(await ask("/v1/things/short", "gzip")).toEqual([200, null, null, "{}"]);
    expect((await ask("/v1/list", "gzip")).slice(0, 2)).toEqual([200, null]);
    const upload = (type: string) => ask("/v1/raw", "gzip", { method: "POST", body: "x", headers: { "content-type": type } });
    expect(await upload("text/plain")).toEqual([200, "gzip", "accept-encoding", long]);
    expect(await upload("image/png")).toEqual([200, null, null, long]);
    // Content of an unknown type may be compressed already.
    const untyped = await start(transport, { raw: () => ({ data: Buffer.from(long) }) });
    const unknown = await fetch(`${untyped.url}/v1/raw`, { method: "POST", body: "x", headers: { "accept-encoding": "gzip" } });
    expect([unknown.headers.get("content-type"), unknown.headers.get("content-encoding")]).toEqual(["application/octet-stream", null]);
  });

  test("a compressed response has a weak validator, and no-transform is respected", async () => {
    const answer = async (headers: Record<string, string>) => {
      const implementation: Parameters<typeof start>[1] = {
        get: (_request, { header }) => {
          for (const [name, value] of Object.entries(headers)) header.set(name, value);
          return { stringValue: "x".repeat(2_000) };
        },
      };
      const { url } = await start(transport, implementation, { responseHeaders: ["etag", "cache-control", "vary"] });
      const response = await fetch(`${url}/v1/query`, { headers: { "accept-encoding": "br" } });
      expect((await response.text()).length).toBeGreaterThan(2_000);
      return ["content-encoding", "etag", "vary"].map((name) => response.headers.get(name));
    };
    expect(await answer({ etag: '"a"', vary: "cookie" })).toEqual(["br", 'W/"a"', "cookie, accept-encoding"]);
    expect(await answer({ etag: 'W/"a"' })).toEqual(["br", 'W/"a"', "accept-encoding"]);
    expect(await answer({ etag: '"a"', "cache-control": "max-age=5, no-transform" })).toEqual([null, '"a"', null]);
  });

  test("accepts a body of several megabytes", async () => {
    const { url } = await start(transport, { create: ({ stringValue }) => ({ int32Value: stringValue.length }) });
    const response = await fetch(`${url}/v1/things`, { ...body, body: JSON.stringify({ stringValue: "x".repeat(3_000_000) }) });
    expect(await response.json()).toEqual({ int32Value: 3_000_000 });
  });

  test("a body that does not arrive fails with 408; an aborted one affects no other request", async () => {
    const { port, url } = await start(transport, { create: (request) => request }, { bodyTimeoutMs: 50 });
    const head = "POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    expect(await raw(port, head)).toMatch(/^HTTP\/1.1 408 .*connection: close.*"code":4/is);
    const socket = connect(port, "127.0.0.1", () => socket.write(head, () => socket.destroy()));
    await new Promise((resolve) => socket.once("close", resolve));
    expect((await fetch(`${url}/v1/things`, { ...body, body: "{}" })).status).toBe(200);
  });

  test("an aborted request cancels the call at once", async () => {
    const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
    const { promise: called, resolve: begin } = Promise.withResolvers<void>();
    const { url } = await start(transport, {
      get: (_request, { signal }) => {
        begin();
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            resolve(RpcError.from(signal.reason).code);
            reject(signal.reason);
          });
        });
      },
    });
    const controller = new AbortController();
    const response = fetch(`${url}/v1/query`, { signal: controller.signal }).catch(() => {});
    await called;
    controller.abort();
    await response;
    expect(await aborted).toBe(Code.CANCELLED);
  });

  test.each(["HTTP/1.1", "HTTP/2"])("a client of %s that aborts before the call begins leaves no call running", async (version) => {
    let running = false;
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const get = (_request: unknown, { signal }: { readonly signal: AbortSignal }) => {
      running = !signal.aborted;
      return new Promise<never>((_resolve, reject) =>
        signal.addEventListener("abort", () => {
          running = false;
          reject(signal.reason);
        }),
      );
    };
    const { gateway } = await start(transport, { get });
    const handler = async (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => {
      response.once("close", gone.resolve);
      arrived.resolve();
      await gone.promise;
      gateway.listener(request as IncomingMessage, response as ServerResponse);
    };
    const server = version === "HTTP/2" ? createHttp2Server(handler) : createServer(handler);
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (version === "HTTP/2") {
      const session = connectHttp2(url);
      const stream = session.request({ ":path": "/v1/query" }).on("error", () => {});
      await arrived.promise;
      stream.close(constants.NGHTTP2_CANCEL);
      await gone.promise;
      onTestFinished(() => session.destroy());
    } else {
      const controller = new AbortController();
      const response = fetch(`${url}/v1/query`, { signal: controller.signal }).catch(() => {});
      await arrived.promise;
      controller.abort();
      await response;
    }
    await setTimeout(200);
    expect(running).toBe(false);
  });

  test("closing the gateway cancels calls in flight", async () => {
    const { promise: called, resolve: begin } = Promise.withResolvers<void>();
    const { url, gateway } = await start(transport, {
      get: (_request, { signal }) => {
        begin();
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    const response = fetch(`${url}/v1/query`);
    await called;
    await gateway.close();
    expect((await response).status).toBe(503);
  });
});
