// Templates, paths and query parameters from vanguard-go (Apache 2.0,
// github.com/connectrpc/vanguard-go at ee25c3ad): path_parser_test.go, router_test.go and
// TestSetParameter of params_test.go. The format is ours, and the variables have the names of our
// messages. Its cases that nest variables (`{a={b}/*}`) are invalid here: the grammar of
// google/api/http.proto has no nesting.
import type { PathCases } from "./paths.ts";
import type { QueryCase } from "./query.ts";
import type { TemplateCase } from "./templates.ts";

const invalid = (...templates: string[]): TemplateCase[] =>
  templates.map((template) => ({ from: "vanguard", template, segments: undefined }));

export const vanguardTemplates: readonly TemplateCase[] = [
  ...invalid("/my%2fcool-blog~about%2Cstuff%5Bwat%5D/{var={abc=%2F%2A}/{def=%2F%2A/**}}:baz"),
  ...invalid("/{1}", "/{field.1}", "/{-}", "/{field-}", "/foo/bar/baz?abc=def", "/foo/bar/baz buzz", "foo/bar/baz", "/foo/bar/"),
  ...invalid("/foo/{bar/baz}/buzz", "/foo/bar%55:baz%1", "/foo/bar/***", "/{a}/{a}"),
  {
    from: "vanguard",
    template: "/foo/bar:baz/buzz",
    segments: ["foo", "bar:baz", "buzz"],
    note: "vanguard rejects it; grpc-gateway accepts a colon that cannot begin the verb",
  },
  {
    from: "vanguard",
    template: "/foo/bar*",
    segments: ["foo", "bar*"],
    note: "vanguard rejects it; grpc-gateway accepts the characters of a path",
  },
  ...invalid("/foo/bob/{book_id={author}/{isbn}/*}/details"),
  { from: "vanguard", template: "/{_}", segments: ["*"], variables: [["_", 0, 1]] },
  {
    from: "vanguard",
    template: "/foo/**/bar",
    segments: ["foo", "**", "bar"],
    note: "vanguard accepts ** at the end alone; grpc-gateway and transcoding accept it anywhere, once",
  },
  { from: "vanguard", template: "/{hello}/world", segments: ["*", "world"], variables: [["hello", 0, 1]] },
  { from: "vanguard", template: "/f/bar", segments: ["f", "bar"] },
  {
    from: "vanguard",
    template: "/v1/{name=shelves/*/books/*}",
    segments: ["v1", "shelves", "*", "books", "*"],
    variables: [["name", 1, 5]],
  },
  { from: "vanguard", template: "/v1/{parent=shelves/*}/books", segments: ["v1", "shelves", "*", "books"], variables: [["parent", 1, 3]] },
  { from: "vanguard", template: "/v1:watch", segments: ["v1"], verb: "watch" },
  { from: "vanguard", template: "/v3/events:clear", segments: ["v3", "events"], verb: "clear" },
  {
    from: "vanguard",
    template: "/v3/{name=events/*}:cancel",
    segments: ["v3", "events", "*"],
    verb: "cancel",
    variables: [["name", 1, 3]],
  },
  {
    from: "vanguard",
    template: "/foo/bar/{name}/baz/{child.id}/buzz/{child.thing.id}",
    segments: ["foo", "bar", "*", "baz", "*", "buzz", "*"],
    variables: [
      ["name", 2, 3],
      ["child.id", 4, 5],
      ["child.thing.id", 6, 7],
    ],
  },
  {
    from: "vanguard",
    template: "/foo/bar/*/{thing.id}/{cat=**}:cancel",
    segments: ["foo", "bar", "*", "*", "**"],
    verb: "cancel",
    variables: [
      ["thing.id", 3, 4],
      ["cat", 4, 5],
    ],
  },
  {
    from: "vanguard",
    template: "/foo%2Fbar/%2A/%2A%2a/{starstar=%2A%2a/**}:%2c",
    segments: ["foo/bar", "*", "**", "**", "**"],
    verb: ",",
    variables: [["starstar", 3, 5]],
    note: "vanguard keeps literals percent-encoded",
  },
];

const cat = "/foo/bar/*/{id}/{a=**}";

export const vanguardPaths: readonly PathCases[] = [
  {
    from: "vanguard: TestRouteTrie_FindTarget",
    note: "in vanguard, /trailing/** needs a slash at the end; here, as in google/api/http.proto, ** may match no segment. vanguard writes %2f as %2F",
    templates: [
      "/foo/bar/baz/buzz",
      "/foo/bar/{name}",
      "/foo/bar/{name}/baz/{x}",
      "/foo/bar/{name}/baz/{x}/buzz/{y}",
      cat,
      `${cat}:do`,
      `${cat}:cancel`,
      "/foo%2Fbar/%2A/%2A%2a/{b=%2A%2a/**}:%2c",
      "/trailing/**:slash",
      "/verb",
    ],
    lookups: [
      ["/bob/lob/law"],
      ["/foo/bar/baz", "/foo/bar/{name}", { name: "baz" }],
      ["/foo/bob/lob/law"],
      ["/foo/bar/baz/buzz", "/foo/bar/baz/buzz"],
      ["/foo/bar/baz/baz/buzz", "/foo/bar/{name}/baz/{x}", { name: "baz", x: "buzz" }],
      ["/foo/bar/1/baz/2/buzz/3", "/foo/bar/{name}/baz/{x}/buzz/{y}", { name: "1", x: "2", y: "3" }],
      ["/foo/bar/baz/123/buzz", cat, { id: "123", a: "buzz" }],
      ["/foo/bar/baz/123/buzz/buzz", cat, { id: "123", a: "buzz/buzz" }],
      ["/foo/bar/baz/123/buzz/buzz:do", `${cat}:do`, { id: "123", a: "buzz/buzz" }],
      ["/foo/bar/baz/123/fizz/buzz/frob/nitz:do", `${cat}:do`, { id: "123", a: "fizz/buzz/frob/nitz" }],
      ["/foo/bar/baz/123/buzz/buzz:cancel", `${cat}:cancel`, { id: "123", a: "buzz/buzz" }],
      ["foo/bar/baz/123/buzz/buzz:blah"],
      ["/trailing:slash", "/trailing/**:slash"],
      ["/trailing/:slash", "/trailing/**:slash"],
      ["/verb:"],
      ["/verb", "/verb"],
      ["/foo/bar/baz/%2f/%2A/%2f", cat, { id: "/", a: "*/%2f" }],
      ["/foo/bar/baz/123/a%2Fb", cat, { id: "123", a: "a%2Fb" }],
      ["/foo%2Fbar/*/**/**/x/y:,", "/foo%2Fbar/%2A/%2A%2a/{b=%2A%2a/**}:%2c", { b: "**/x/y" }],
    ],
  },
];

const one = (name: string, value: string, message: QueryCase["message"], note?: string): QueryCase => ({
  query: [[name, value]],
  message,
  ...(note !== undefined && { note }),
});

const text = Buffer.from("abc123!?$*&()'-=@~");
const maxDouble = Number.MAX_VALUE.toFixed(0);

export const vanguardQueries: readonly QueryCase[] = [
  one("double_value", maxDouble, { doubleValue: Number.MAX_VALUE }),
  ...["NaN", "Infinity", "-Infinity"].flatMap((value) =>
    ["double", "float"].flatMap((type) => [
      one(`${type}_value`, value, { [`${type}Value`]: value }),
      one(`wrapper_${type}_value`, value, { [`wrapper${type === "double" ? "Double" : "Float"}Value`]: value }),
    ]),
  ),
  one("float_value", "340282346638528860000000000000000000000", { floatValue: 3.4028234663852886e38 }),
  one("float_value", maxDouble, undefined),
  one("int32_value", "2147483647", { int32Value: 2147483647 }),
  one("int32_value", "9223372036854775807", undefined),
  one("int64_value", "9223372036854775807", { int64Value: "9223372036854775807" }),
  one("uint32_value", "4294967295", { uint32Value: 4294967295 }),
  one("uint64_value", "18446744073709551615", { uint64Value: "18446744073709551615" }),
  one("bool_value", "true", { boolValue: true }),
  one("bool_value", "false", {}),
  one("string_value", "hello world", { stringValue: "hello world" }),
  ...(["base64", "base64url"] as const).flatMap((encoding) => [
    one("bytes_value", text.toString(encoding), { bytesValue: text.toString("base64") }),
    one("wrapper_bytes_value", text.toString(encoding), { wrapperBytesValue: text.toString("base64") }),
  ]),
  one("timestamp_value", "2021-01-01T00:00:00Z", { timestampValue: "2021-01-01T00:00:00Z" }),
  one("duration_value", "1s", { durationValue: "1s" }),
  one("duration_value", "3.000000001s", { durationValue: "3.000000001s" }),
  one("wrapper_bool_value", "true", { wrapperBoolValue: true }),
  one("wrapper_int32_value", "2147483647", { wrapperInt32Value: 2147483647 }),
  one("wrapper_int32_value", "9223372036854775807", undefined),
  one("wrapper_string_value", "hello world", { wrapperStringValue: "hello world" }),
  one(
    "wrapper_string_value",
    '"hello world"',
    { wrapperStringValue: '"hello world"' },
    "vanguard removes the quotation marks, but only of wrappers",
  ),
  one("fieldmask_value", "foo,bar.baz", { fieldmaskValue: "foo,bar.baz" }),
  one("enum_value", "1", { enumValue: "Y" }),
  one("enum_value", "Y", { enumValue: "Y" }),
  one("enum_value", "null", undefined, "vanguard takes it as the zero value; a query has no null"),
  one("enum_value", "unknown", undefined),
  one("repeated_enum", "1", { repeatedEnum: ["Y"] }),
  one("nested.double_value", "1.234", { nested: { doubleValue: 1.234 } }),
];
