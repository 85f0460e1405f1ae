import { describe, expect, test } from "vitest";
import { HeaderList } from "./header-list.ts";

const target = { method: "POST", scheme: "https", authority: "shop.example", path: "/orders?all" };

describe("a header list", () => {
  test("a request starts with its pseudo-header fields, which are parsed", () => {
    const list = HeaderList.request(target, [["te", "trailers"]]);
    expect(list.flat.slice(0, list.regularStart)).toEqual([
      ...[":method", "POST", ":scheme", "https", ":path", "/orders?all"],
      ...[":authority", "shop.example"],
    ]);
    expect(list).toMatchObject({ ...target, protocol: undefined, status: undefined, memo: undefined });
  });

  test("a response has a numeric status", () => {
    expect(HeaderList.response(204).status).toBe(204);
    expect(HeaderList.response(204).flat).toEqual([":status", "204"]);
    expect(HeaderList.trailers([]).status).toBeUndefined();
    expect(new HeaderList([":status", "2x4"]).status).toBeNaN();
  });

  test("an extended CONNECT has a protocol", () => {
    expect(HeaderList.request({ ...target, method: "CONNECT", protocol: "websocket" }).protocol).toBe("websocket");
  });

  test("get returns the first value, getAll all values, and iteration the regular fields", () => {
    const list = HeaderList.request(target, [
      ["x-a", "1"],
      ["x-b", "2"],
      ["x-a", "3"],
    ]);
    expect(list.get("x-a")).toBe("1");
    expect(list.get("x-c")).toBeUndefined();
    expect(list.get(":path")).toBeUndefined();
    expect(list.getAll("x-a")).toEqual(["1", "3"]);
    expect(list.getAll("x-c")).toEqual([]);
    expect([...list]).toEqual([
      ["x-a", "1"],
      ["x-b", "2"],
      ["x-a", "3"],
    ]);
  });

  test("the size includes names, values and 32 octets per field", () => {
    expect(HeaderList.trailers([["grpc-status", "0"]]).size).toBe(44);
    expect(HeaderList.response(200, [["a", "bc"]]).size).toBe(42 + 35);
    expect(HeaderList.trailers([]).size).toBe(0);
  });

  test("the first of two equal pseudo-header fields counts, although the list is malformed", () => {
    expect(new HeaderList([":path", "/a", ":path", "/b"]).path).toBe("/a");
  });

  test("content-length is parsed", () => {
    expect(HeaderList.request(target, [["content-length", "17"]]).contentLength).toBe(17);
    expect(HeaderList.request(target).contentLength).toBeUndefined();
  });
});

describe("a list that extends another one", () => {
  const base = HeaderList.request(
    target,
    [
      ["host", "shop.example"],
      ["content-length", "5"],
    ],
    { neverIndexed: ["x-token"] },
  );

  test("has the fields of both, and the first one is unchanged", () => {
    const list = base.extend([["x-token", "a"]]);
    expect(list).toMatchObject({ ...target, contentLength: 5 });
    expect([...list]).toEqual([...base, ["x-token", "a"]]);
    expect(list.size).toBe(base.size + 40);
    expect(base.get("x-token")).toBeUndefined();
    expect(base.extend([]).flat).toEqual(base.flat);
  });

  test("inherits the never-indexed names and adds to them", () => {
    expect(base.extend([["x-token", "a"]]).neverIndexed).toEqual(new Set(["x-token"]));
    const list = base.extend([["x-key", "a"]], { neverIndexed: ["x-key"] });
    expect(list.neverIndexed).toEqual(new Set(["x-token", "x-key"]));
    expect(base.neverIndexed).toEqual(new Set(["x-token"]));
  });

  test("can be extended again", () => {
    const list = base.extend([["x-a", "1"]]).extend([["x-a", "2"]]);
    expect(list.getAll("x-a")).toEqual(["1", "2"]);
    expect(list.path).toBe(target.path);
  });

  test.each([
    ["X-Upper", "a", "lower case"],
    ["x-a", "a\n", "control characters"],
    [":path", "/", ":path"],
    ["connection", "close", "connection"],
    ["te", "gzip", "te must be"],
    ["content-length", "6", "content-length must have one value"],
    ["host", "shop.example", "host must occur once"],
  ])("rejects %s: %j", (name, value, message) => {
    expect(() => base.extend([[name, value]])).toThrow(message);
    expect(() => base.extend([["x-a", "b"]]).extend([[name, value]])).toThrow(message);
  });

  test("rejects a host that differs from the authority of the first list", () => {
    expect(() => HeaderList.request(target).extend([["host", "other.example"]])).toThrow("host must name the same entity");
  });

  test("has the role of the first list", () => {
    expect(() => HeaderList.trailers([]).extend([[":status", "200"]])).toThrow(":status");
    expect(
      HeaderList.response(200)
        .extend([["host", "any"]])
        .get("host"),
    ).toBe("any");
  });
});

describe("creating a list rejects", () => {
  test.each([
    ["an upper-case name", "Content-Type", "a", /"Content-Type" must be in lower case/],
    ["an empty name", "", "a", /a field name must have/],
    ["a name with white space", "x a", "a", /"x a" must be a token/],
    ["a name with a line break", "x\r\na", "a", /"x\\r\\na" must be a token/],
    ["a name beyond ASCII", "x-é", "a", /must be a token/],
    ["a pseudo-header field", ":path", "/", /:path/],
    ["a line feed", "x-a", "a\nb", /"x-a" must be free of control characters/],
    ["a carriage return", "x-a", "a\rb", /"x-a"/],
    ["a NUL", "x-a", "a\0b", /"x-a"/],
    ["an escape", "x-a", "a\x1bb", /"x-a"/],
    ["a DEL", "x-a", "a\x7fb", /"x-a"/],
    ["a character that is not an octet", "x-a", "Ā", /"x-a"/],
    ["a space at the beginning", "x-a", " a", /"x-a"/],
    ["a space at the end", "x-a", "a ", /"x-a"/],
    ["a tab at the end", "x-a", "a\t", /"x-a"/],
    ["a connection-specific field", "connection", "close", /connection/],
  ])("%s", (_, name, value, message) => {
    for (const make of [
      () => HeaderList.request(target, [[name, value]]),
      () => HeaderList.response(200, [[name, value]]),
      () => HeaderList.trailers([[name, value]]),
    ]) {
      expect(make).toThrow(TypeError);
      expect(make).toThrow(message);
    }
  });

  test.each([99, 1000, 101, 200.5, Number.NaN, -1])("the status %d", (status) => {
    expect(() => HeaderList.response(status)).toThrow(RangeError);
  });

  test.each([
    [{ method: "" }, ":method"],
    [{ method: "GE T" }, ":method"],
    [{ scheme: undefined }, ":scheme"],
    [{ path: undefined }, ":path"],
    [{ path: "" }, ":path"],
    [{ path: "orders" }, ":path"],
    [{ path: "/a b" }, ":path"],
    [{ path: "/a\r\nb" }, ":path"],
    [{ authority: "user@shop.example" }, ":authority"],
    [{ protocol: "websocket" }, ":protocol"],
  ])("the target %o", (change, field) => {
    expect(() => HeaderList.request({ ...target, ...change })).toThrow(field);
  });

  test("values that are not strings", () => {
    const fields = JSON.parse('[["x-number", 1]]');
    expect(() => HeaderList.trailers(fields)).toThrow("x-number must be a string, got number");
  });

  test("but accepts octets above ASCII, inner white space and empty values", () => {
    const fields: [string, string][] = [
      ["x-latin", "na\xefve"],
      ["x-inner", "a \t b"],
      ["x-empty", ""],
    ];
    expect([...HeaderList.trailers(fields)]).toEqual(fields);
  });
});
