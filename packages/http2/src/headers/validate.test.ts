import { describe, expect, test } from "vitest";
import { HeaderList } from "./header-list.ts";
import { malformedRequest, malformedResponse, malformedTrailers } from "./validate.ts";

type Fields = [name: string, value: string][];

const get: Fields = [
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/"],
  [":authority", "a.example"],
];

function without(...names: string[]): Fields {
  return get.filter(([name]) => !names.includes(name));
}

function set(name: string, value: string): Fields {
  return get.map((field) => (field[0] === name ? [name, value] : field));
}

function list(fields: Fields): HeaderList {
  return new HeaderList(fields.flat());
}

describe("requests", () => {
  test.each<[string, Fields]>([
    ["a GET", get],
    ["pseudo-header fields in any order", [...get].reverse()],
    ["no authority", without(":authority")],
    ["a host and no authority", [...without(":authority"), ["host", "a.example"]]],
    ["a host that equals the authority", [...get, ["host", "a.example"]]],
    ["a host in another case with the default port", [...get, ["host", "A.Example:443"]]],
    ["te: trailers", [...get, ["te", "trailers"]]],
    ["te: Trailers", [...get, ["te", "Trailers"]]],
    ["an OPTIONS of the server", set(":path", "*").map((field) => (field[0] === ":method" ? [":method", "OPTIONS"] : field))],
    ["a CONNECT", [...without(":scheme", ":path", ":method"), [":method", "CONNECT"]]],
    ["a non-HTTP scheme with an empty path", set(":scheme", "urn").map((field) => (field[0] === ":path" ? [":path", ""] : field))],
    ["content-length twice with one value", [...get, ["content-length", "5"], ["content-length", "5"]]],
    ["an empty value", [...get, ["x-a", ""]]],
    ["several cookies (8.2.3)", [...get, ["cookie", "a=b"], ["cookie", "c=d"]]],
    ["an IPv6 authority", set(":authority", "[::1]:8443")],
  ])("%s is well-formed", (_, fields) => {
    expect(malformedRequest(list(fields))).toBeUndefined();
  });

  test.each<[string, Fields, string]>([
    ["no method", without(":method"), ":method is required (RFC 9113, 8.3.1)"],
    ["no scheme", without(":scheme"), ":scheme is required (RFC 9113, 8.3.1)"],
    ["no path", without(":path"), ":path is required (RFC 9113, 8.3.1)"],
    ["an empty list", [], "8.3.1"],
    ["an empty path", set(":path", ""), ":path must have one octet or more (RFC 9113, 8.3.1)"],
    ["a path without a slash", set(":path", "a"), "8.3.1"],
    ["a * for GET", set(":path", "*"), "8.3.1"],
    ["a path with a space", set(":path", "/a b"), "8.3.1"],
    ["an empty scheme", set(":scheme", ""), "8.3.1"],
    ["a scheme with a space", set(":scheme", "ht tp"), "8.3.1"],
    ["a method that is not a token", set(":method", "G(T"), "9.1"],
    ["user information in the authority", set(":authority", "me@a.example"), "8.3.1"],
    ["a path in the authority", set(":authority", "a.example/b"), "8.3.1"],
    ["two methods", [[":method", "GET"], ...get], ":method must occur once (RFC 9113, 8.3)"],
    ["two paths", [[":path", "/"], ...get], ":path must occur once (RFC 9113, 8.3)"],
    ["two schemes", [[":scheme", "https"], ...get], "8.3"],
    ["two authorities", [[":authority", "a.example"], ...get], "8.3"],
    ["a status", [...get, [":status", "200"]], '":status" is not a pseudo-header field of a request (RFC 9113, 8.3)'],
    ["an unknown pseudo-header field", [...get, [":unknown", "a"]], "8.3"],
    ["an empty pseudo-header field", [...get, [":", "a"]], "8.3"],
    ["a pseudo-header field in upper case", [...without(":path"), [":Path", "/"]], "8.3"],
    ["a protocol without the setting", [...get, [":protocol", "websocket"]], "8.3"],
    ["a pseudo-header field after a regular one", [...without(":path"), ["x-a", "b"], [":path", "/"]], "8.3"],
    [
      "a second path after a regular field",
      [...get, ["x-a", "b"], [":path", "/"]],
      '":path" must precede the regular fields (RFC 9113, 8.3)',
    ],
    ["a line break in a pseudo-header field", set(":authority", "a\nb"), "8.2.1"],
    ["white space around a path", set(":path", "/ "), "8.2.1"],
    ["CONNECT with a scheme", [...without(":path", ":method"), [":method", "CONNECT"]], "8.5"],
    ["CONNECT with a path", [...without(":scheme", ":method"), [":method", "CONNECT"]], "8.5"],
    ["CONNECT without an authority", [[":method", "CONNECT"]], "8.5"],
    ["a host that differs from the authority", [...get, ["host", "b.example"]], "8.3.1"],
    ["a host with another port", [...get, ["host", "a.example:80"]], "8.3.1"],
    ["two hosts", [...without(":authority"), ["host", "a"], ["host", "a"]], "7.2"],
  ])("%s is malformed", (_, fields, rule) => {
    expect(malformedRequest(list(fields))).toContain(rule);
  });

  test("an extended CONNECT is well-formed if the setting is enabled (RFC 8441)", () => {
    const fields: Fields = [...without(":method"), [":method", "CONNECT"], [":protocol", "websocket"]];
    const connect = list(fields);
    expect(malformedRequest(connect, true)).toBeUndefined();
    expect(malformedRequest(connect)).toContain(":protocol");
    expect(malformedRequest(list([...get, [":protocol", "websocket"]]), true)).toContain("RFC 8441");
    expect(malformedRequest(list(fields.filter(([name]) => name !== ":authority")), true)).toContain("RFC 8441");
    expect(malformedRequest(list(fields.filter(([name]) => name !== ":path")), true)).toContain(":path is required");
  });
});

describe("responses", () => {
  test.each(["100", "103", "200", "204", "404", "599", "999"])("the status %s is well-formed", (status) => {
    expect(malformedResponse(list([[":status", status]]))).toBeUndefined();
  });

  test.each<[string, Fields, string]>([
    ["no status", [["x-a", "b"]], ":status is required (RFC 9113, 8.3.2)"],
    ["an empty list", [], "8.3.2"],
    ["a status of two digits", [[":status", "20"]], "8.3.2"],
    ["a status of four digits", [[":status", "2000"]], "8.3.2"],
    ["a status with a letter", [[":status", "2x0"]], "8.3.2"],
    ["a status with a reason", [[":status", "200 OK"]], "8.3.2"],
    ["a status with a sign", [[":status", "+20"]], "8.3.2"],
    ["the status 000", [[":status", "000"]], "8.3.2"],
    ["the status 101", [[":status", "101"]], ":status 101 is for HTTP/1.1 only (RFC 9113, 8.6)"],
    [
      "two statuses",
      [
        [":status", "200"],
        [":status", "200"],
      ],
      ":status must occur once (RFC 9113, 8.3)",
    ],
    [
      "a path",
      [
        [":status", "200"],
        [":path", "/"],
      ],
      "8.3",
    ],
    [
      "a status after a regular field",
      [
        ["x-a", "b"],
        [":status", "200"],
      ],
      "8.3",
    ],
  ])("%s is malformed", (_, fields, rule) => {
    expect(malformedResponse(list(fields))).toContain(rule);
  });
});

describe("trailers", () => {
  test.each<[string, Fields]>([
    [
      "fields",
      [
        ["grpc-status", "0"],
        ["x-a", "b"],
      ],
    ],
    ["no field", []],
  ])("%s are well-formed", (_, fields) => {
    expect(malformedTrailers(list(fields))).toBeUndefined();
  });

  test.each(get.map(([name]) => name).concat(":status", ":unknown"))("%s is malformed in trailers", (name) => {
    expect(malformedTrailers(list([[name, "/"]]))).toContain("(RFC 9113, 8.1)");
    expect(
      malformedTrailers(
        list([
          ["x-a", "b"],
          [name, "/"],
        ]),
      ),
    ).toContain("(RFC 9113, 8.3)");
  });
});

describe("fields of any list", () => {
  const roles: [string, Fields, (list: HeaderList) => string | undefined][] = [
    ["a request", get, malformedRequest],
    ["a response", [[":status", "200"]], malformedResponse],
    ["trailers", [], malformedTrailers],
  ];

  describe.each(roles)("%s", (_, head, malformed) => {
    test.each<[string, string, string]>([
      ["connection", "close", "8.2.2"],
      ["proxy-connection", "close", "8.2.2"],
      ["keep-alive", "timeout=5", "8.2.2"],
      ["transfer-encoding", "chunked", "8.2.2"],
      ["upgrade", "h2c", "8.2.2"],
      ["te", "gzip", "8.2.2"],
      ["te", "trailers, gzip", "8.2.2"],
      ["X-Upper", "a", "8.2.1"],
      ["x upper", "a", "8.2.1"],
      ["x:a", "a", "8.2.1"],
      ["", "a", "8.2.1"],
      ["x-\x80", "a", "8.2.1"],
      ["x-a", "a\nb", "8.2.1"],
      ["x-a", "a\rb", "8.2.1"],
      ["x-a", "a\0b", "8.2.1"],
      ["x-a", "\x01", "8.2.1"],
      ["x-a", " a", "8.2.1"],
      ["x-a", "a\t", "8.2.1"],
    ])("%j: %j is malformed", (name, value, section) => {
      expect(malformed(list([...head, [name, value]]))).toContain(section);
    });
  });

  test.each(["", "-1", "+1", "1.5", "1e3", "0x10", "5, 5", "9".repeat(16)])("content-length %j is malformed", (value) => {
    expect(malformedRequest(list([...get, ["content-length", value]]))).toContain("content-length");
    expect(
      malformedResponse(
        list([
          [":status", "200"],
          ["content-length", value],
        ]),
      ),
    ).toContain("content-length");
  });

  test("two values of content-length are malformed", () => {
    expect(malformedRequest(list([...get, ["content-length", "5"], ["content-length", "6"]]))).toContain(
      "content-length must have one value",
    );
  });

  test("the message about a hostile name is short and printable", () => {
    const text = malformedRequest(list([...get, ["\x1b[2J\r\n\xff".repeat(1000), "a"]])) ?? "";
    expect(text.length).toBeLessThan(600);
    expect(text).toMatch(/^[\x20-\x7e]+$/);
  });

  test("a list that is well-formed for one role is checked for another", () => {
    const response = list([[":status", "200"]]);
    expect(malformedResponse(response)).toBeUndefined();
    expect(malformedTrailers(response)).toContain("8.1");
    expect(malformedRequest(response)).toContain("8.3");
    expect(malformedResponse(response)).toBeUndefined();
  });
});
