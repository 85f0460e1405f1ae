// The texts of copies. `packages/e2e/test/console/copy.ts` runs them.
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { registry } from "../../test/types.ts";
import type { Metadata } from "../call/types.ts";
import { serviceTree } from "../schema/services.ts";
import type { CopiedCall } from "./call.ts";
import { type Tool, tools } from "./index.ts";
import { command, quoted } from "./shell.ts";

const hostile = [
  "",
  "plain",
  "it's",
  `"double" 'single' \\ back`,
  "$(id) `id` $HOME \u0024{HOME} !! !$ #x ~ * ? [a] {a,b}",
  "two\nlines\r\n\ttab",
  "-rf",
  "@file",
  "; id & id | id > x",
  "单 \u2028 \u202e",
  "'",
  "''\\''",
  "=cmd",
];

test("the shell passes each word on as it is", () => {
  const text = `${command(
    "printf '%s\\0'",
    hostile.map((word) => [word]),
  )}\n`;
  const { stdout, stderr } = spawnSync("/bin/sh", ["-c", text], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout.split("\0").slice(0, -1)).toEqual(hostile);
  expect(quoted("a-b.c/d:e=1")).toBe("a-b.c/d:e=1");
});

const packages = serviceTree(registry, {
  rules: {
    "t.Zoo.Get": [
      { verb: "GET", path: "/v1/{child.string_value=zoos/*/apes/*}:read", body: "wrapped" },
      { verb: "GET", path: "/v1/zoos/{string_value}/{names}" },
      { verb: "GET", path: "/v1/zoos/{string_value}" },
      { verb: "PUT", path: "/v1/apes/{int32_value}", body: "child" },
      { verb: "POST", path: "/v1/all", body: "*" },
    ],
  },
});
const methods = packages.flatMap(({ services }) => services).flatMap((service) => service.methods);

interface Options {
  readonly method?: string;
  readonly requests?: readonly string[];
  readonly metadata?: Metadata;
  readonly timeoutMs?: number;
  readonly root?: string;
  readonly protocols?: readonly string[];
}

function copy(tool: Tool, { method = "Get", requests = ["{}"], metadata = [], timeoutMs, root = "http://h:80/", protocols }: Options) {
  const entry = methods.find(({ name }) => name === method);
  if (entry === undefined) throw new Error(`no method ${method}`);
  const call: CopiedCall = {
    method: entry,
    requests,
    metadata,
    timeoutMs,
    root: new URL(root),
    protocols: protocols ?? ["rest", "connect", "grpc-web", "grpc"],
    registry,
  };
  return tools[tool].copy(call);
}

/** The words that a shell makes of a command. */
function words(text: string | undefined): readonly string[] {
  const script = `set -- ${text}\nprintf '%s\\0' "$@"`;
  return spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" }).stdout.split("\0").slice(0, -1);
}

describe("curl uses the first rule that can express the request", () => {
  const lineOf = (request: string) =>
    words(copy("curl", { requests: [request] }).text).filter((word) => !/^(?:curl|--globoff|-H|-X|content-.*)$/.test(word));

  test.each([
    [
      '{"child": {"stringValue": "zoos/a b/apes/ü"}, "wrapped": "x"}',
      ["GET", "http://h/v1/zoos/a%20b/apes/%C3%BC:read", "--data-raw", '"x"'],
    ],
    ['{"stringValue": "a/b?c", "names": ["1", "2"], "boolValue": true}', ["http://h/v1/zoos/a%2Fb%3Fc?names=1&names=2&bool_value=true"]],
    [
      '{"stringValue": "z", "child": {"int32Value": 1}, "counts": {"5": "v&"}}',
      ["http://h/v1/zoos/z?child.int32_value=1&counts%5B5%5D=v%26"],
    ],
    [
      '{"int32Value": 5, "child": {"names": ["a"]}, "time": "2026-01-01T00:00:00Z"}',
      ["PUT", "http://h/v1/apes/5?time=2026-01-01T00%3A00%3A00Z", "--data-raw", '{"names":["a"]}'],
    ],
    ['{"stringValue": "", "children": [{}]}', ["POST", "http://h/v1/all", "--data-raw", '{"stringValue":"","children":[{}]}']],
    [
      '{"stringValue": "..", "uint64Value": 18446744073709551615}',
      ["POST", "http://h/v1/all", "--data-raw", '{"stringValue":"..","uint64Value":"18446744073709551615"}'],
    ],
  ])("%s", (request, expected) => {
    expect(lineOf(request)).toEqual(expected);
  });
});

test("without REST, curl uses Connect, with its headers", () => {
  const metadata: Metadata = [
    ["x-a", "it's $(id)"],
    ["x-empty", ""],
  ];
  expect(words(copy("curl", { metadata, timeoutMs: 1500, root: "https://h/api/", protocols: ["connect"] }).text)).toEqual([
    "curl",
    ...["-X", "POST", "--globoff", "https://h/api/t.Zoo/Get"],
    ...["-H", "content-type: application/json", "-H", "connect-protocol-version: 1", "-H", "connect-timeout-ms: 1500"],
    ...["-H", "x-a: it's $(id)", "-H", "x-empty;", "--data-raw", "{}"],
  ]);
});

test("grpcurl has the address, the deadline and all messages", () => {
  const requests = [`{"stringValue": "it's $(id) !"}`, '{\n  "stringValue": "a  b\\u0000 \u202e"\n}'];
  const metadata: Metadata = [["authorization", "Bearer 'x'"]];
  expect(words(copy("grpcurl", { method: "Talk", requests, metadata, timeoutMs: 1500, root: "http://[::1]:81/" }).text)).toEqual([
    ...["grpcurl", "-plaintext", "-max-time", "1.5", "-H", "authorization: Bearer 'x'"],
    ...["-d", `{"stringValue":"it's $(id) !"}\n{"stringValue":"a  b\\u0000 \\u202e"}`, "[::1]:81", "t.Ape/Talk"],
  ]);
  expect(words(copy("grpcurl", { root: "https://h/" }).text)).toEqual(["grpcurl", "-d", "{}", "h:443", "t.Zoo/Get"]);
});

test.each<[Tool, Options, string]>([
  ["curl", { method: "List" }, "copyCurlStream"],
  ["curl", { method: "Talk" }, "copyCurlStream"],
  ["connect", { method: "Talk" }, "copyWebStream"],
  ["grpcurl", { root: "http://h/api/" }, "copyPath"],
  ["rpc", { root: "http://h/api/" }, "copyPath"],
  ["buf", { protocols: ["connect"] }, "copyNoGrpc"],
  ["rpc", { protocols: ["connect"] }, "copyNoGrpc"],
])("%s with %j says why it cannot", (tool, options, reason) => {
  expect(copy(tool, options)).toEqual({ reason });
});

test("TypeScript has the fields of the message if they are plain, else fromJson", () => {
  const plain = '{"string_value": "\u2028it\'s", "int64Value": "9007199254740993", "child": {"names": ["a"]}}';
  expect(copy("rpc", { requests: [plain], root: "https://h/" }).text).toBe(`import { createChannel, createClient } from "@grpc-study/rpc";
import { Zoo } from "./gen/t_pb.js";

using channel = createChannel("h:443", { tls: true });
const client = createClient(Zoo, channel);
const response = await client.get({ stringValue: "\\u2028it's", int64Value: 9007199254740993n, child: { names: ["a"] } });
console.log(response);
`);
  const other = '{"any": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "a"}}';
  expect(
    copy("connect", { method: "List", requests: [other], metadata: [["a", '"']], timeoutMs: 5 }).text,
  ).toBe(`import { createRegistry, fromJson } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AllSchema, Zoo } from "./gen/t_pb.js";

const client = createClient(Zoo, createConnectTransport({ baseUrl: "http://h", useBinaryFormat: true }));
for await (const response of client.list(fromJson(AllSchema, {"any":{"@type":"type.googleapis.com/google.protobuf.StringValue","value":"a"}}, { registry: createRegistry(StringValueSchema) }), { headers: [["a", "\\""]], timeoutMs: 5 })) {
  console.log(response);
}
`);
});
