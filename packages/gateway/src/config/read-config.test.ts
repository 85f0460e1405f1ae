// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files contain references to variables.
// The configuration file: what it may contain, and what the messages say about what it may not.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ConfigError, readConfig } from "./read-config.ts";

const folder = mkdtempSync(join(tmpdir(), "config-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "gateway.yaml");

function read(content: string | Uint8Array, environment: Record<string, string> = {}) {
  writeFileSync(file, content);
  return readConfig(file, environment).config;
}

/** The faults, without the name of the file. */
function faultsOf(content: string | Uint8Array, environment: Record<string, string> = {}): string[] {
  try {
    read(content, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message.split("\n").map((line) => line.replace(`${file}:`, ""));
  }
  return [];
}

test("durations are milliseconds, paths start from the folder of the file, and aliases stand for their values", () => {
  const text = `# yaml-language-server: $schema=./node_modules/@grpc-study/gateway/config.schema.json
listen: localhost:8080
upstreams:
  - &one
    address: localhost:8083
    services: services.*
    descriptors: shop.binpb
    timeout: 1m30s
  - <<: *one
    address: localhost:8084
    services: [chat.Chat]
    tls: { ca: /certs/ca.crt, serverName: chat.example }
timeouts:
  services.ProdService.*: 500ms
  chat.*: unlimited
refresh: off
grace: 0
limits: { timeout: 2000, maxCalls: 5 }
paths: { docs: false, health: /health }
`;
  expect(read(text)).toEqual({
    listen: "localhost:8080",
    upstreams: [
      { address: "localhost:8083", services: "services.*", descriptors: join(folder, "shop.binpb"), timeout: 90_000 },
      {
        address: "localhost:8084",
        services: ["chat.Chat"],
        descriptors: join(folder, "shop.binpb"),
        timeout: 90_000,
        tls: { ca: "/certs/ca.crt", serverName: "chat.example" },
      },
    ],
    timeouts: { "services.ProdService.*": 500, "chat.*": Number.POSITIVE_INFINITY },
    refresh: Number.POSITIVE_INFINITY,
    grace: 0,
    limits: { timeout: 2000, maxCalls: 5 },
    paths: { docs: false, health: "/health" },
  });
});

test("JSON is accepted", () => {
  expect(read('\ufeff{ "listen": "localhost:1", "unbound": true }')).toEqual({ listen: "localhost:1", unbound: true });
});

test("environment variables stand in values", () => {
  const text = `
listen: \${HOST}:\${PORT:-8080}
unbound: \${UNBOUND:-true}
docs: { title: "\${TITLE}" }
limits:
  maxCalls: \${CALLS}
  bodyLimit: "\${CALLS}"
headers: { status: x-$$ }
`;
  expect(read(text, { HOST: "localhost", TITLE: "7", CALLS: "12", PORT: "" })).toEqual({
    listen: "localhost:8080",
    unbound: true,
    docs: { title: "7" },
    limits: { maxCalls: 12, bodyLimit: 12 },
    headers: { status: "x-$" },
  });
  // A value cannot add structure, and a key is no value.
  expect(read(`docs: { title: "\${T}" }`, { T: "a }\nunbound: true" })).toEqual({ docs: { title: "a }\nunbound: true" } });
  expect(faultsOf("a${B}: 1", { B: "b" })).toEqual(['1:1: ["a${B}"]: unknown key']);
});

test("messages do not contain the values of variables, nor those of keys and certificates", () => {
  const secret = "hunter2";
  const environment = { SECRET: secret };
  const text =
    'listen: ${SECRET}\nlimits: { maxCalls: "${SECRET}", timeout: "${SECRET}" }\nconflicts: ${SECRET}\ntls: { key: [hunter2], cert: 5 }\n';
  const faults = faultsOf(text, environment);
  expect(faults).toHaveLength(6);
  expect(faults.join()).not.toContain(secret);
  expect(faultsOf("listen: ${MISSING}")).toEqual(["1:9: the environment variable MISSING is not set"]);
  expect(faultsOf("listen: ${a b}")).toEqual(["1:9: ${a b} is malformed, expected ${NAME} or ${NAME:-default}; $$ stands for $"]);
});

test("admin is a port, or an address", () => {
  expect(read("admin: 9470")).toEqual({ admin: 9470 });
  for (const admin of ["9470", "0.0.0.0:9470", "[::1]:9470", "unix:/run/admin.sock"]) expect(read(`admin: "${admin}"`)).toEqual({ admin });
  expect(faultsOf("admin: localhost")).toEqual(["1:8: admin: must be a port, host:port, or unix:/path"]);
  expect(faultsOf("admin: 65536")).toEqual(["1:8: admin: must be at most 65535, got 65536"]);
});

test("certificates may stand in variables; what is neither a path nor PEM is not quoted", () => {
  const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const text = "tls:\n  cert: ${CERT}\n  key: ${KEY}\n";
  expect(read(text, { CERT: pem, KEY: "tls.key" })).toEqual({ tls: { cert: pem, key: join(folder, "tls.key") } });
  const bare = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7".repeat(5);
  for (const secret of [bare, `x\n${bare}`, "x".repeat(5000)]) {
    const faults = faultsOf(text, { CERT: pem, KEY: secret });
    expect(faults).toEqual(['3:8: tls.key: must be the path of a file, or PEM, which begins with "-----BEGIN"']);
  }
});

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "a wrong type",
    "unbound: maybe\nlisten: 8080",
    ["1:10: unbound: must be a boolean, got a string", "2:9: listen: must be a string, got the number 8080"],
  ],
  ["nothing", "upstreams:", ["1:11: upstreams: must be an array, got nothing"]],
  [
    "a wrong key",
    "upstreams:\n  - adress: a:1",
    ["2:5: upstreams[0]: the key address is missing", "2:5: upstreams[0].adress: unknown key, did you mean address?"],
  ],
  ["a key in another case", "limits:\n  max-calls: 5", ["2:3: limits.max-calls: unknown key, did you mean maxCalls?"]],
  ["an unknown key", "zzzzzzzzz: 5", ["1:1: zzzzzzzzz: unknown key"]],
  ["a key without its pair", "upstreams:\n  - address: a:1\n    tls: { cert: x }", ["3:10: upstreams[0].tls: cert needs key"]],
  ["a wrong choice", "json: { fieldNames: jsno }", ["1:21: json.fieldNames: must be one of json, proto, did you mean json?"]],
  ["a number out of range", "limits: { maxCalls: 0 }", ["1:21: limits.maxCalls: must be at least 1, got 0"]],
  ["a malformed duration", "grace: soon", ["1:8: grace: must be a duration such as 500ms, 1s or 2m, or a number of milliseconds"]],
  [
    "a duration out of range",
    "grace: 999h",
    ["1:8: grace: must be a duration like 500ms, 1s or 2m, or a number of milliseconds, from 0 to 2147483647 milliseconds"],
  ],
  [
    "a duration of zero",
    "limits: { timeout: 0 }",
    ["1:20: limits.timeout: must be a duration like 500ms, 1s or 2m, or a number of milliseconds, from 1 to 2147483647 milliseconds"],
  ],
  ["a selector with dots", "timeouts:\n  a.B.*: 5x", ['2:10: timeouts["a.B.*"]: must be a duration such as 500ms, 1s or 2m, or unlimited']],
  [
    "a port out of range",
    "listen: localhost:65536",
    ["1:9: listen: must be host:port, such as localhost:8080 or [::1]:8080, or unix:/path"],
  ],
  [
    "a fault behind an alias",
    "upstreams:\n  - &a { address: 5 }\n  - *a",
    ["2:19: upstreams[0].address: must be a string, got the number 5", "2:19: upstreams[1].address: must be a string, got the number 5"],
  ],
  [
    "a selector without a service",
    "timeouts:\n  Get: 5s",
    ["2:3: timeouts.Get: the key must be pkg.Service.Method, pkg.Service.* or pkg.*"],
  ],
  ["a duplicate key", "unbound: true\nunbound: false", ["2:1: duplicate key"]],
  ["a tab", "limits:\n\tmaxCalls: 5", ["2:1: tab in the indentation: YAML needs spaces"]],
  ["two documents", "unbound: true\n---\nunbound: true", ["2:1: more than one YAML document"]],
  ["an unknown anchor", "tls: *none", ["1:6: no anchor &none stands before"]],
  ["an unknown tag", "listen: !!js/function 5", ["1:9: malformed YAML: Unresolved tag: tag:yaml.org,2002:js/function"]],
  ["a list", "- a", ["1:1: must be an object, got an array"]],
  ["a text", "a", ["1:1: must be an object, got a string"]],
  ["no content", "", ["1:1: the file is empty"]],
  ["comments only", "# a\n", ["1:1: the file is empty"]],
  ["__proto__", "__proto__: { listen: 5 }", ["1:1: __proto__: unknown key"]],
  ["a name of Object.prototype", "toString: 5", ["1:1: toString: unknown key"]],
];

test.each(cases)("%s", (_what, text, faults) => {
  expect(faultsOf(text)).toEqual(faults);
});

test("aliases that multiply, a cycle, deep nesting and a huge file are rejected", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ..."bcdefgh".split("").map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefg"[index]}`)}]`),
  ];
  expect(faultsOf(bomb.join("\n"))).toEqual(["1:1: too many aliases"]);
  expect(faultsOf("upstreams: &a [*a]")).toEqual([expect.stringContaining("upstreams[0]: must be an object, got an array")]);
  expect(faultsOf(`listen: ${"[".repeat(100_000)}`)[0]).toMatch(/^1:\d+: /);
  expect(faultsOf(`# ${"x".repeat(1024 * 1024)}\n`)).toEqual(["1:1: the file is larger than 1048576 bytes"]);
  expect(faultsOf(Uint8Array.of(0x61, 0xff))).toEqual(["1:1: not a text in UTF-8"]);
});

test("a file that cannot be read is a fault", () => {
  expect(() => readConfig(folder)).toThrow(`${folder}:1:1: cannot read ${folder}: it is a folder`);
  expect(() => readConfig(`${folder}/none`)).toThrow("there is no such file");
});

test.skipIf(process.platform === "win32")("a device is not read to its end", () => {
  expect(() => readConfig("/dev/zero")).toThrow("larger than");
});
