// The gateway over HTTP: the mapping in google/api/http.proto, and what HTTP requires. Each test
// runs with a server on a socket, and with an in-process server.
import { createChannel, type Handlers, implement } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { startGateway, type Transport, transports } from "../test/gateway.ts";
import { Things } from "../test/gen/things_pb.js";
import { raw } from "../test/raw.ts";
import { createGateway } from "./gateway.ts";
import type { GatewayServerOptions } from "./options.ts";

const handlers: Handlers<typeof Things> = {
  get: (request) => request,
  create: (request) => request,
  part: (request) => request,
  update: (request) => request,
  updateCamel: (request) => request,
  raw: (request) => request,
  rawField: ({ name, file }) => ({ result: { case: "file", value: file ?? { contentType: name } } }),
  plain: (request) => request,
};

async function start(transport: Transport, options: Partial<GatewayServerOptions> = {}) {
  const { url, port } = await startGateway(implement(Things, handlers), { transport, ...options });
  const request = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
    const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(url + path, { method, headers: { ...type, ...headers }, ...(body !== undefined && { body }) });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: text === "" ? undefined : parse(text) };
  };
  return { request, url, port };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

describe.each(transports)("%s", (transport) => {
  test("a path variable sets a field of the request", async () => {
    const { request } = await start(transport);
    expect(await request("GET", "/v1/things/123456")).toMatchObject({ status: 200, json: { stringValue: "123456" } });
    expect((await request("GET", "/v1/things/p%20q%2Fr+%E2%98%BA")).json).toEqual({ stringValue: "p q/r+☺" });
  });

  test("additional bindings call the same method", async () => {
    const { request } = await start(transport);
    expect((await request("GET", "/v1/nested/a/-7")).json).toEqual({ nested: { stringValue: "a", nested: { int64Value: "-7" } } });
    expect((await request("GET", "/v1/shelves/a%20b/books/c%2Fd%2fe")).json).toEqual({ stringValue: "shelves/a b/books/c%2Fd%2fe" });
    expect((await request("GET", "/v1/files/a/b%25/c?int32_value=3")).json).toEqual({ stringValue: "a/b%/c", int32Value: 3 });
    expect((await request("GET", "/v1/files")).json).toEqual({});
  });

  test("the query or the body sets the fields that the path does not", async () => {
    const { request } = await start(transport);
    expect((await request("GET", "/v1/things/a?int64_value=2&nested.stringValue=foo+bar&repeated_value=x&repeatedValue=y")).json).toEqual({
      stringValue: "a",
      int64Value: "2",
      nested: { stringValue: "foo bar" },
      repeatedValue: ["x", "y"],
    });
    expect((await request("PUT", "/v1/things/a?int32_value=9", '{"int64_value": 2, "optionalValue": ""}')).json).toEqual({
      stringValue: "a",
      int64Value: "2",
      optionalValue: "",
    });
    expect((await request("POST", "/v1/things/a:rename", "{}")).json).toEqual({ stringValue: "a" });
  });

  test("the path takes precedence over the query and the body", async () => {
    const { request } = await start(transport);
    expect((await request("GET", "/v1/things/a?string_value=b")).json).toEqual({ stringValue: "a" });
    expect((await request("PUT", "/v1/things/a", '{"stringValue": "b"}')).json).toEqual({ stringValue: "a" });
  });

  test.each([
    ["message", '{"stringValue":"x"}', { nested: { stringValue: "x" }, int32Value: 1 }],
    ["scalar", '"x"', { stringValue: "x", int32Value: 1 }],
    ["number", '"-5"', { int64Value: "-5", int32Value: 1 }],
    ["number", "-5", { int64Value: "-5", int32Value: 1 }],
    ["list", '["a","b"]', { repeatedValue: ["a", "b"], int32Value: 1 }],
    ["messages", '[{"int32Value":2},{}]', { things: [{ int32Value: 2 }, {}], int32Value: 1 }],
    ["map", '{"a":1,"b":2}', { mapValue2: { a: 1, b: 2 }, int32Value: 1 }],
    ["enum", '"Z"', { enumValue: "Z", int32Value: 1 }],
    ["timestamp", '"2020-01-01T00:00:00Z"', { timestampValue: "2020-01-01T00:00:00Z", int32Value: 1 }],
    ["message", "", { int32Value: 1 }],
  ])("the body sets a field: %s %s", async (kind, body, expected) => {
    const { request } = await start(transport);
    expect(await request("POST", `/v1/body/${kind}?int32_value=1`, body)).toMatchObject({ status: 200, json: expected });
  });

  test("query parameters for the body field are ignored", async () => {
    const { request } = await start(transport);
    const { json } = await request("POST", "/v1/body/message?nested.string_value=q&nested.int32_value=1", '{"stringValue":"x"}');
    expect(json).toEqual({ nested: { stringValue: "x" } });
  });

  test("DELETE may have a body", async () => {
    const { request } = await start(transport);
    expect((await request("DELETE", "/v1/body/message", '{"stringValue":"x"}')).json).toEqual({ nested: { stringValue: "x" } });
  });

  test("the body is ignored if the rule has none", async () => {
    const { request } = await start(transport);
    expect((await request("POST", "/v1/query?int32_value=1", '{"int32Value": 2}')).json).toEqual({ int32Value: 1 });
    expect((await request("POST", "/v1/query?int32_value=1", "not JSON", { "content-type": "text/plain" })).status).toBe(200);
  });

  test.each([
    ["message", { nested: { stringValue: "x" } }, { stringValue: "x" }],
    ["message", {}, null],
    ["scalar", { stringValue: "x" }, "x"],
    ["scalar", {}, ""],
    ["number", { int64Value: "5" }, "5"],
    ["list", { repeatedValue: ["a"] }, ["a"]],
    ["list", {}, []],
    ["map", { mapValue2: { a: 1 } }, { a: 1 }],
    ["map", {}, {}],
    ["enum", { enumValue: "Z" }, "Z"],
    ["enum", {}, "X"],
    ["oneof", { oneofStringValue: "x" }, "x"],
  ])("the response body is a field: %s of %j", async (kind, body, expected) => {
    const { request } = await start(transport);
    const response = await request("POST", `/v1/part/${kind}`, JSON.stringify(body));
    expect(response).toMatchObject({ status: 200, json: expected });
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  });

  test("custom HTTP methods: a named one, and any", async () => {
    const { request } = await start(transport);
    expect((await request("PURGE", "/v1/things/x?int32_value=1")).json).toEqual({ stringValue: "x", int32Value: 1 });
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      expect((await request(method, "/v1/any", '{"int32Value":1}')).json).toEqual({ int32Value: 1 });
    }
    expect((await request("GET", "/v1/any")).json).toEqual({});
  });

  test("PATCH derives the update mask from the body unless the query sets it", async () => {
    const { request } = await start(transport);
    const body = '{"int32Value":1,"nested":{"stringValue":""},"things":[]}';
    expect((await request("PATCH", "/v1/updates/a", body)).json).toEqual({
      thing: { stringValue: "updates/a", int32Value: 1, nested: {} },
      updateMask: "int32Value,nested.stringValue,things",
    });
    expect((await request("PATCH", "/v1/updates/a?update_mask=nested", body)).json).toMatchObject({ updateMask: "nested" });
    expect((await request("PATCH", "/v1/updates/a?updateMask=*", body)).json).toMatchObject({ updateMask: "*" });
    expect((await request("PUT", "/v1/updates/a", body)).json).not.toHaveProperty("updateMask");
    expect((await request("PATCH", "/v1/updates", `{"thing":${body}}`)).json).not.toHaveProperty("updateMask");
  });

  test.each([
    ["an enum value", '{"enumValue":"YY"}', "thing.enum_value", '"YY" is not a value of the enum'],
    ["an enum value in a message", '{"nested":{"enumValue":"YY"}}', "nested.enum_value", '"YY"'],
    ["an enum value in a list", '{"repeatedEnum":["X","YY"]}', "repeated_enum[1]", '"YY"'],
    ["an enum value in a map", '{"letters":{"a":"YY"}}', 'letters["a"]', '"YY"'],
    ["an enum value in a oneof", '{"wrappedLetter":"YY"}', "wrapped_letter", '"YY"'],
    ["an enum value in a message in a list", '{"things":[{"enumValue":"YY"}]}', "things[0].enum_value", '"YY"'],
    ["a field of a message", '{"nested":{"stringValu":"x"}}', "nested.stringValu", "unknown field"],
    ["a field of a message in a list", '{"things":[{"stringValu":"x"}]}', "things[0].stringValu", "unknown field"],
    ["a field of a message in a map", '{"named":{"a":{"stringValu":"x"}}}', 'named["a"].stringValu', "unknown field"],
    ["the only field", '{"stringValu":"x"}', "stringValu", "unknown field"],
  ])("PATCH without a mask rejects a misspelt name of %s", async (_what, body, field, problem) => {
    const { request } = await start(transport);
    const { status, json } = await request("PATCH", "/v1/updates/a", body);
    expect([status, json]).toMatchObject([400, { message: expect.stringContaining(field.replace("thing.", "")) }]);
    expect(json).toMatchObject({ message: expect.stringContaining(problem) });
  });

  test("unknown enum names are rejected in every body, unknown fields only by option", async () => {
    const { request } = await start(transport);
    for (const [method, path] of [
      ["POST", "/v1/things"],
      ["PUT", "/v1/updates/a"],
      ["PATCH", "/v1/updates/a?update_mask=enum_value"],
    ] as const) {
      expect(await request(method, path, '{"enumValue":"YY"}')).toMatchObject({
        status: 400,
        json: { message: /enum_value: "YY" is not/ },
      });
      expect((await request(method, path, '{"nested":{"unknown":1}}')).status).toBe(200);
    }
    expect((await request("POST", "/v1/body/enum", '"YY"')).status).toBe(400);
    expect((await request("GET", "/v1/query?enum_value=YY")).status).toBe(400);
  });

  test("PATCH clears fields that are null or empty", async () => {
    const { request } = await start(transport);
    const body = '{"nested":{"enumValue":null},"letters":{},"repeatedEnum":[],"timestampValue":null}';
    expect((await request("PATCH", "/v1/updates/a", body)).json).toMatchObject({
      updateMask: "letters,nested.enumValue,repeatedEnum,timestampValue",
    });
  });

  test("every message on the wire has a JSON form", async () => {
    const { request } = await start(transport);
    const thing = {
      anyValue: { "@type": "type.googleapis.com/no.Such", value: "CAE=" },
      timestampValue: { seconds: "253402300800", nanos: 0 },
      durationValue: { seconds: "315576000001", nanos: 0 },
      fieldmaskValue: { paths: ["aB"] },
      nested: { anyValue: { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "R" } },
    };
    expect(await request("POST", "/v1/things", JSON.stringify(thing))).toMatchObject({ status: 200, json: thing });
    const { url } = await startGateway(
      implement(Things, {
        ...handlers,
        create: () => ({ structValue: { a: Number.NaN }, structValueValue: {}, listValue: { values: [{}] } }),
      }),
      { transport },
    );
    const response = await fetch(`${url}/v1/things`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
    expect([response.status, await response.json()]).toEqual([
      200,
      { structValue: { a: "NaN" }, structValueValue: null, listValue: [null] },
    ]);
  });

  test("a body with too many elements fails with 413; a body of the same size with few is served", async () => {
    const { request } = await start(transport);
    const many = `{"things":[${Array(1_000_000).fill("{}").join(",")}]}`;
    expect(await request("POST", "/v1/things", many)).toMatchObject({
      status: 413,
      json: { code: 8, message: "the JSON has more than 1000000 elements" },
    });
    expect((await request("POST", "/v1/things", JSON.stringify({ stringValue: "{[".repeat(1_000_000) }))).status).toBe(200);
    const little = await start(transport, { elementLimit: 200 });
    expect((await little.request("POST", "/v1/things", '{"things":[{}]}')).status).toBe(200);
    expect((await little.request("POST", "/v1/things", '{"things":[{},{}]}')).status).toBe(413);
  });

  test("JSON in a query has the same depth limit", async () => {
    const { request } = await start(transport);
    const deep = `${"[".repeat(2_000)}${"]".repeat(2_000)}`;
    for (const parameter of [`struct_value={"a":${deep}}`, `struct_value_value=${deep}`, `list_value=${deep}`]) {
      const { status, json } = await request("GET", `/v1/query?${encodeURI(parameter)}`);
      expect([status, json]).toMatchObject([400, { message: /nested more than 100 levels deep/ }]);
    }
  });

  test("a mask in a query accepts snake_case and camelCase, and resolves them to .proto names", async () => {
    const { request } = await start(transport);
    const mask = async (text: string) => {
      const { json } = await request("PATCH", `/v1/camel?update_mask=${text}`, "{}");
      return (json as { updateMask: unknown }).updateMask;
    };
    expect(await mask("snakeName,snake_name")).toBe("snakeName,snakeName");
    expect(await mask("camelName,subCamel.camelName,subCamel.snakeName")).toEqual({
      paths: ["camelName", "subCamel.camelName", "subCamel.snake_name"],
    });
    expect(await mask("otherName")).toBe("otherName");
    expect((await request("PATCH", "/v1/camel", '{"camelName":"x"}')).json).toMatchObject({ updateMask: { paths: ["camelName"] } });
  });

  test("HttpBody passes bytes and content type both ways", async () => {
    const { url } = await start(transport);
    const bytes = new Uint8Array([0, 255, 1, 254]);
    const raw = await fetch(`${url}/v1/raw`, { method: "POST", body: bytes, headers: { "content-type": "image/x-test; a=b" } });
    expect(raw.headers.get("content-type")).toBe("image/x-test; a=b");
    expect(new Uint8Array(await raw.arrayBuffer())).toEqual(bytes);
    const field = await fetch(`${url}/v1/raw/name`, { method: "PUT", body: bytes, headers: { "content-type": "image/png" } });
    expect(field.headers.get("content-type")).toBe("image/png");
    expect(new Uint8Array(await field.arrayBuffer())).toEqual(bytes);
    const nothing = await fetch(`${url}/v1/raw`, { method: "POST" });
    expect([nothing.status, await nothing.text()]).toEqual([200, ""]);
  });

  test("an unknown path fails with 404, another HTTP method with 405 and Allow", async () => {
    const { request } = await start(transport);
    expect(await request("GET", "/v2/things")).toMatchObject({
      status: 404,
      json: { code: 5, message: "no route matches /v2/things", details: [] },
    });
    const wrong = await request("DELETE", "/v1/things/a");
    expect(wrong).toMatchObject({ status: 405, json: { code: 12 } });
    expect(wrong.headers.get("allow")).toBe("GET, HEAD, OPTIONS, PURGE, PUT");
    expect((await request("PROPFIND", "/v1/things/a")).status).toBe(405);
    expect((await request("PROPFIND", "/v2/things/a")).json).toMatchObject({ code: 5 });
  });

  test("OPTIONS lists the methods; HEAD is a GET without a body", async () => {
    const { request } = await start(transport);
    const options = await request("OPTIONS", "/v1/things/a");
    expect([options.status, options.headers.get("allow"), options.text]).toEqual([204, "GET, HEAD, OPTIONS, PURGE, PUT", ""]);
    const head = await request("HEAD", "/v1/things/a");
    expect([head.status, head.text]).toEqual([200, ""]);
    expect(head.headers.get("content-type")).toMatch(/^application\/json/);
    expect((await request("OPTIONS", "/v2/things/a")).status).toBe(404);
  });

  test("a method without a rule is only served with unbound", async () => {
    const rest = { protocols: ["rest"] } as const;
    const { request } = await start(transport, rest);
    const path = "/grpc_study.gateway_test.Things/Plain";
    expect((await request("POST", path, "{}")).status).toBe(404);
    const unbound = await start(transport, { ...rest, unbound: true });
    expect((await unbound.request("POST", path, '{"int32Value":1}')).json).toEqual({ int32Value: 1 });
    expect((await unbound.request("POST", "/grpc_study.gateway_test.Things/Get", "{}")).status).toBe(404);
  });

  test("the JSON options apply to requests and responses", async () => {
    const plain = await start(transport);
    const body = '{"int32_value":1,"stringValue":"","unknown":1,"nested":{"unknown":{}}}';
    expect((await plain.request("POST", "/v1/things", body)).json).toEqual({ int32Value: 1, nested: {} });
    const options = { fieldNames: "proto", emitDefaults: true, ignoreUnknownFields: false } as const;
    const proto = await start(transport, { json: options, rejectUnknownParameters: true });
    expect(await proto.request("POST", "/v1/things", body)).toMatchObject({ status: 400, json: { code: 3 } });
    const { json } = await proto.request("POST", "/v1/things", '{"int32Value":1}');
    expect(json).toMatchObject({ int32_value: 1, string_value: "", repeated_value: [], map_value: {}, enum_value: "X", int64_value: "0" });
    expect(json).not.toHaveProperty("optional_value");
    expect(await proto.request("GET", "/v1/query?unknown=1")).toMatchObject({ status: 400 });
  });

  test("an invalid value is reported as a field violation in the path, query and body", async () => {
    const { request } = await start(transport);
    const violation = (field: string) => ({
      status: 400,
      json: { code: 3, details: [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field }] }] },
    });
    expect(await request("GET", "/v1/nested/a/x")).toMatchObject(violation("nested.nested.int64_value"));
    expect(await request("GET", "/v1/query?nested.int32_value=x")).toMatchObject(violation("nested.int32_value"));
    expect(await request("POST", "/v1/things", '{"nested":{"int32Value":"x"}}')).toMatchObject(violation("nested.int32_value"));
    expect(await request("POST", "/v1/body/message", '{"int32Value":"x"}')).toMatchObject(violation("nested.int32_value"));
    expect(await request("POST", "/v1/things", "{")).toMatchObject({ status: 400, json: { code: 3 } });
  });

  test("additional rules replace those in the .proto", async () => {
    const rules = [{ selector: "grpc_study.gateway_test.Things.Get", pattern: { case: "get", value: "/outside/{int32_value}" } } as const];
    const { request } = await start(transport, { rules });
    expect((await request("GET", "/outside/4")).json).toEqual({ int32Value: 4 });
    expect((await request("GET", "/v1/query")).status).toBe(404);
  });

  test("a request target in absolute form, and in asterisk form", async () => {
    const { port } = await start(transport);
    expect(await raw(port, `GET http://127.0.0.1:${port}/v1/things/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).toContain(
      '{"stringValue":"a"}',
    );
    expect(await raw(port, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1.1 (?:204|404)/);
  });

  test("an unreachable upstream fails with 503 and Retry-After, without its address", async () => {
    const channel = createChannel("127.0.0.1:1");
    const gateway = createGateway({ services: [Things], upstream: channel });
    const response = await gateway.fetch("/v1/things/a");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await response.json()).toEqual({ code: 14, message: "the upstream is not available", details: [] });
    await gateway.close();
    channel.close();
  });
});
