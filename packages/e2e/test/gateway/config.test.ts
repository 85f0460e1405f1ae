// The configuration file, as an operator uses it: `check`, and `--config`.
import { fileURLToPath } from "node:url";
import { ProdAreas, ProdService } from "@grpc-study/proto/shop";
import { createServer, implement } from "@grpc-study/rpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayMain, packagesFolder } from "../harness/paths.ts";
import { closedPort } from "../harness/ports.ts";
import { Process, run } from "../harness/process.ts";
import { Folder } from "../security/certificates.ts";
import { GatewayProcess, ready } from "./gateways.ts";
import { askHttp1 } from "./http.ts";

const started = new AsyncDisposableStack();
const shop = fileURLToPath(new URL("proto/gen/shop.binpb", `file://${packagesFolder}/`));
let folder: Folder;
let address: string;
let files = 0;

beforeAll(async () => {
  folder = started.use(await Folder.make());
  const server = createServer({ reflection: true });
  server.add(implement(ProdService, { getProdStock: () => ({ prodStock: ProdAreas.B }) }));
  started.defer(() => void server.shutdown({ graceMs: 0 }));
  ({ address } = await server.listen("127.0.0.1:0"));
});

afterAll(() => started.disposeAsync());

async function check(content: string, ...args: readonly string[]) {
  const file = await folder.write(`check-${files++}/gateway.yaml`, content);
  const { status, stdout, stderr } = await run(process.execPath, [gatewayMain, "check", file, ...args]);
  return { status, stdout: stdout.replaceAll(file, "FILE"), stderr: stderr.replaceAll(file, "FILE") };
}

async function start(content: string, ...args: readonly string[]): Promise<GatewayProcess> {
  const file = await folder.write(`gateway-${files++}.yaml`, content);
  return ready(new GatewayProcess(process.execPath, [gatewayMain, "--config", file, ...args]), / serves /, /^(https?:\/\/\S+) serves /);
}

describe("check", () => {
  test("prints a summary of a valid file, and says what it did not read", async () => {
    const content = `
# yaml-language-server: $schema=./node_modules/@grpc-study/gateway/config.schema.json
listen: localhost:8080
upstreams:
  - { address: "localhost:8083", descriptors: ${shop}, services: [services.ProdService] }
  - { address: "${address}", name: stock, services: services.ProdService }
conflicts: keep-first
`;
    expect(await check(content)).toEqual({
      status: 0,
      stdout: "FILE is valid: 2 servers, 1 service, 3 methods, 1 route\nthe services of stock were not read: use --connect\n",
      stderr: "",
    });
    expect(await check(content, "--connect")).toMatchObject({
      status: 0,
      stdout: "FILE is valid: 2 servers, 1 service, 3 methods, 1 route\n",
      stderr: expect.stringContaining("both have the service services.ProdService"),
    });
  });

  test("prints each fault in its line, with status 1", async () => {
    const content = `upstreams:
  - address: localhost:8083
    descriptors: ${shop}
    services: [services.Prod]
  - { address: "a b" }
  - { address: "localhost:1", tls: { ca: none.pem } }
  - { address: "localhost:1", descriptors: none.binpb }
  - { address: "localhost:1", descriptors: . }
rules:
  - { selector: services.ProdService.GetProdStock, get: "/v1/{" }
  - { selector: services.ProdService.GetProdStock, get: /v1, body: x }
ruleFiles: [gateway.yaml]
headers: { forward: x-forwarded-for }
timeouts: { services.Nothing.*: 5s }
tls: { cert: gateway.yaml, key: gateway.yaml }
`;
    const { status, stdout, stderr } = await check(content);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr.split("\n")).toEqual([
      expect.stringMatching(/^FILE:4:15: upstreams\[0\]\.services: localhost:8083 has no service services\.Prod, expected one of: /),
      expect.stringMatching(/^FILE:5:16: upstreams\[1\]\.address: "a b" is not a target/),
      expect.stringMatching(/^FILE:6:36: upstreams\[2\]\.tls: cannot read \S+none\.pem: there is no such file$/),
      expect.stringMatching(/^FILE:7:44: upstreams\[3\]\.descriptors: cannot read \S+none\.binpb: there is no such file$/),
      expect.stringMatching(/^FILE:8:44: upstreams\[4\]\.descriptors: cannot read \S+: it is a folder$/),
      expect.stringMatching(/^FILE:12:13: ruleFiles\[0\]: FILE: the configuration has no http/),
      expect.stringMatching(/^FILE:13:21: headers\.forward: forwardHeaders must not name x-forwarded-for/),
      expect.stringMatching(/^FILE:15:14: tls\.cert: FILE is not a PEM certificate/),
      "",
    ]);
  });

  test("reports faults and conflicts of rules where the rules are", async () => {
    const content = `upstreams:
  - { address: "localhost:8083", descriptors: ${shop} }
rules:
  - { selector: services.ProdService.GetProdStock, get: /v1/stock }
  - { selector: services.UserService.GetUserScore, get: "/v1/{no}" }
  - { selector: services.ProdService.GetProdStocks, get: /v1/stock }
  - { selector: services.ProdService.Nothing, get: /v1/nothing }
  - { selector: services.ProdService.GetProdInfo, get: /healthz }
`;
    const { stderr } = await check(content);
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^FILE:4:5: rules\[0\]: GET \/v1\/stock of .*GetProdStock and .*GetProdStocks match the same requests/),
      expect.stringMatching(/^FILE:5:5: rules\[1\]: .*UserService.GetUserScore.* "no"/),
      expect.stringMatching(/^FILE:7:5: rules\[3\]: the rule for "services.ProdService.Nothing" does not select a method$/),
      expect.stringMatching(/^FILE:8:5: rules\[4\]: GET \/healthz of .* which the gateway serves itself/),
    ]);
  });

  test("ends with status 0 and no message when its stdout is closed, as by `| head -1`", async () => {
    const file = await folder.write("closed.yaml", `upstreams: [{ address: "localhost:8083", descriptors: ${shop} }]\n`);
    await using checking = new Process(process.execPath, [gatewayMain, "check", file]);
    checking.closeStdout();
    expect(await checking.exit).toEqual({ status: 0, signal: null });
    expect(checking.stderr.text).toBe("");
  });

  test("names the rule of a method, not one whose selector is the start of its name", async () => {
    const content = `upstreams:
  - { address: "localhost:8083", descriptors: ${shop} }
rules:
  - { selector: services.ProdService.GetProdStock, get: /v1/stock }
  - { selector: services.UserService.*, get: /v1/user }
  - { selector: services.ProdService.GetProdStocks, get: "/v1/{no}" }
  - { selector: services.ProdService.GetProdStockx, get: /v1/x }
  - { selector: services.UserService.GetUserScore, get: "/v1/{none}" }
`;
    const { stderr } = await check(content);
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^FILE:5:5: rules\[1\]: GET \/v1\/user of .* match the same requests/),
      expect.stringMatching(/^FILE:5:5: rules\[1\]: GET \/v1\/user of .* match the same requests/),
      expect.stringMatching(/^FILE:6:5: rules\[2\]: services.ProdService.GetProdStocks: .* "no"/),
      expect.stringMatching(/^FILE:7:5: rules\[3\]: the rule for "services.ProdService.GetProdStockx" does not select a method$/),
      expect.stringMatching(/^FILE:8:5: rules\[4\]: services.UserService.GetUserScore: .* "none"/),
    ]);
  });

  test.each([
    ["paths: { health: /docs }", 'FILE:2:8: paths: paths.docs and paths.health are both "/docs"\n'],
    ["headers: { status: grpc-status }", /^FILE:2:20: headers\.status: statusMetadata must not name grpc-status[^\n]+\n$/],
    ["allowedHosts: [https://shop.example]", /^FILE:2:15: allowedHosts: allowedHosts\[0\] must be [^\n]+\n$/],
  ])("reports what could never have an effect, once: %s", async (line, stderr) => {
    expect(await check(`upstreams: [{ address: "localhost:8083", descriptors: ${shop} }]\n${line}\n`)).toMatchObject({
      status: 1,
      stderr: typeof stderr === "string" ? stderr : expect.stringMatching(stderr),
    });
  });

  test("with --connect reports a server that is down", async () => {
    const port = await closedPort();
    expect(await check(`upstreams: [{ address: "127.0.0.1:${port}" }]`, "--connect")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^FILE:1:24: upstreams\[0\]\.address: reflection of 127\.0\.0\.1:\d+ failed: [^\n]+\n$/),
    });
  });

  test.each([
    ["a tab", "listen:\n\t- a", "2:1: "],
    [
      "a bomb of aliases",
      ["a: &a [x,x,x,x,x]", ..."bcdefg".split("").map((name, at) => `${name}: &${name} [${Array(9).fill(`*${"abcdef"[at]}`)}]`)].join("\n"),
      "1:1: ",
    ],
    ["a duplicate key", "unbound: true\nunbound: true", "2:1: duplicate key"],
    ["control characters", 'listen: "\\e[2J"', "1:9: listen: must be host:port"],
  ])("prints one line for %s", async (_what, content, line) => {
    const { status, stderr } = await check(content);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^\P{Cc}+\n$/u);
    expect(stderr).toContain(`FILE:${line}`);
  });

  test.each(["/dev/zero", "/", "/no/such/file"])("prints one line for %s", async (file) => {
    const { status, stderr } = await run(process.execPath, [gatewayMain, "check", file]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(new RegExp(`^${file}:1:1: [^\\n]+\\n$`)) });
  });
});

describe("--config", () => {
  test("serves what the file says; the command line has precedence", async () => {
    await folder.write("rules.yaml", "http: { rules: [{ selector: services.ProdService.GetProdStock, get: '/from-file/{prod_id}' }] }");
    await using gateway = await start(
      `
listen: 127.0.0.1:0
upstreams: [{ address: "\${STOCK:-${address}}" }]
ruleFiles: [rules.yaml]
docs: { title: Stock }
paths: { health: /health }
limits: { maxHeaderBytes: 2000 }
json: { emitDefaults: true, fieldNames: proto }
`,
      "--title",
      "Overridden",
    );
    expect(await askHttp1(`${gateway.url}/from-file/1`)).toMatchObject({ status: 200, body: '{"prod_stock":1}' });
    expect(await askHttp1(`${gateway.url}/health`)).toMatchObject({ status: 200 });
    expect(JSON.parse((await askHttp1(`${gateway.url}/openapi.json`)).body)).toMatchObject({ info: { title: "Overridden" } });
    expect(await askHttp1(`${gateway.url}/from-file/1?${"x".repeat(3000)}`)).toMatchObject({ status: 431 });
  });

  test("fails with one line for each fault", async () => {
    const file = await folder.write("faults.yaml", "listen: 5\nupstreem: []\n");
    expect(await run(process.execPath, [gatewayMain, "--config", file])).toEqual({
      status: 1,
      stdout: "",
      stderr: `error: ${file}:1:9: listen: must be a string, got the number 5\nerror: ${file}:2:1: upstreem: unknown key, did you mean upstreams?\n`,
    });
    const empty = await folder.write("none.yaml", "listen: localhost:0\n");
    expect(await run(process.execPath, [gatewayMain, "--config", empty])).toEqual({
      status: 1,
      stdout: "",
      stderr: `error: ${empty} has no upstreams, and --upstream is not given\n`,
    });
  });
});
