// The command as an operator sees it: shutdown, errors, log, limits, and an upstream that goes down
// and comes back.
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { ProdAreas, ProdService } from "@grpc-study/proto/shop";
import { createServer, implement } from "@grpc-study/rpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shopIsDown } from "../contract/shop-http.ts";
import { buf, gatewayMain, packagesFolder } from "../harness/paths.ts";
import { closedPort, listenTcp } from "../harness/ports.ts";
import { type Outcome, run } from "../harness/process.ts";
import { until } from "../harness/until.ts";
import { Folder, writeSet } from "../security/certificates.ts";
import { shakeHands } from "../security/handshake.ts";
import { type GatewayProcess, startGateway } from "./gateways.ts";
import { askHttp1, exchange } from "./http.ts";
import { buildMuseum, type Museum, serveMuseum } from "./museum.ts";

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let folder: Folder;
let fromFile: readonly string[];
let museum: Museum;
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = started.use(await Folder.make());
  fromFile = ["--descriptors", await buildMuseum(folder)];
  museum = started.use(await serveMuseum());
  gateway = started.use(await startGateway(museum.address, [...fromFile, "--body-limit", "1000"]));
});

afterAll(() => started.disposeAsync());

/** Runs a gateway command that is expected to fail at the start. */
function fail(...args: string[]): Promise<Outcome> {
  return run(process.execPath, [gatewayMain, "--listen", "127.0.0.1:0", ...args]);
}

describe("the upstream", () => {
  const stock = "/v1/prod/1";

  async function serveShop(port = 0) {
    const server = createServer({ reflection: true });
    server.add(implement(ProdService, { getProdStock: () => ({ prodStock: ProdAreas.B }) }));
    const { address } = await server.listen(`127.0.0.1:${port}`);
    return { address, health: server.health, stop: () => server.shutdown({ graceMs: 0 }) };
  }

  test("that goes down and comes back is reflected by /healthz and by calls", async () => {
    const first = await serveShop();
    await using front = await startGateway(first.address, ["--reflection"]);
    const health = async () => {
      const { status, body, headers } = await askHttp1(`${front.url}/healthz`);
      return `${status} ${headers["cache-control"]} ${body}`;
    };
    const unhealthy = (status: string) => `503 no-store ${JSON.stringify({ status, upstreams: { [first.address]: status } })}`;
    expect(await health()).toBe('200 no-store {"status":"SERVING"}');

    first.health.set("", "NOT_SERVING");
    await until(async () => (await health()) === unhealthy("NOT_SERVING"));
    // The health status is for load balancers; calls still go through.
    expect(await askHttp1(front.url + stock)).toMatchObject({ status: 200, body: '{"prodStock":1}' });

    await first.stop();
    expect(await askHttp1(front.url + stock)).toMatchObject({
      status: shopIsDown.status,
      headers: { "retry-after": "1" },
      body: shopIsDown.body,
    });
    await until(async () => (await health()) === unhealthy("UNAVAILABLE"));

    const second = await serveShop(Number(first.address.split(":")[1]));
    await until(async () => (await askHttp1(front.url + stock)).status === 200);
    await until(async () => (await health()) === '200 no-store {"status":"SERVING"}');
    await second.stop();
  });

  test("may be down when the command starts with a descriptor set", async () => {
    await using front = await startGateway(`127.0.0.1:${await closedPort()}`, fromFile);
    expect(await askHttp1(`${front.url}/v1/exhibits/2`)).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    expect(await askHttp1(`${front.url}/openapi.json`)).toMatchObject({ status: 200 });
  });

  test("without grpc.health.v1 is healthy while it responds", async () => {
    expect(await askHttp1(`${gateway.url}/healthz`)).toMatchObject({ status: 200, body: '{"status":"SERVING"}' });
  });
});

describe("shutdown", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("on %s lets running calls finish and accepts no new connection", async (signal) => {
    await using own = await startGateway(museum.address, fromFile);
    const answer = askHttp1(`${own.url}/v1/wait?seconds=2`);
    await setTimeout(500);
    own.kill(signal);
    await own.stderr.line((line) => line.includes("shutting down"));
    await until(() =>
      askHttp1(`${own.url}/healthz`).then(
        () => false,
        () => true,
      ),
    );
    expect(await answer).toMatchObject({ status: 200, body: "{}" });
    expect(await own.exit).toEqual({ status: 0, signal: null });
    expect(own.messages).toEqual(["serving HTTP", "shutting down; a second signal exits at once", "request", "stopped"]);
  });

  test("ends streams and WebSockets with UNAVAILABLE after ten seconds", async () => {
    await using own = await startGateway(museum.address, fromFile);
    const response = await fetch(`${own.url}/v1/halls/9:watch`);
    const socket = new WebSocket(`${own.url.replace("http", "ws")}/v1/halls/9:watch`);
    await once(socket, "message");
    own.kill("SIGTERM");
    const [text, [{ code, reason }]] = await Promise.all([response.text(), once(socket, "close")]);
    const [first = "", last] = text.trimEnd().split("\n");
    expect(JSON.parse(first)).toMatchObject({ result: { name: "halls/9" } });
    expect(last).toBe('{"error":{"code":14,"message":"the gateway is shutting down","details":[]}}');
    expect({ code, reason }).toEqual({ code: 4014, reason: "the gateway is shutting down" });
    expect(await own.exit).toEqual({ status: 0, signal: null });
  });

  test("exits at once on a second signal", async () => {
    await using own = await startGateway(museum.address, fromFile);
    const response = await fetch(`${own.url}/v1/halls/8:watch`);
    const broken = response.text().catch(() => "broken off");
    own.kill("SIGTERM");
    await own.stderr.line((line) => line.includes("shutting down"));
    own.kill("SIGTERM");
    expect(await own.exit).toEqual({ status: 143, signal: null });
    expect(await broken).toBe("broken off");
  });
});

describe("a start that fails prints one line for", () => {
  const line = (text: string | RegExp): Outcome => ({
    status: 1,
    stdout: "",
    stderr: typeof text === "string" ? `error: ${text}\n` : expect.stringMatching(new RegExp(`^error: ${text.source}\\n$`)),
  });

  test("a port that is in use", async () => {
    await using occupied = await listenTcp(() => {});
    const args = ["--upstream", museum.address, "--listen", `127.0.0.1:${occupied.port}`, ...fromFile];
    expect(await run(process.execPath, [gatewayMain, ...args])).toEqual(
      line(`port ${occupied.port} is already in use (127.0.0.1:${occupied.port})`),
    );
  });

  test.each([
    ["no-such-host.invalid:1", "no such host"],
    ["192.0.2.1:80", "this machine has no such address"],
    ["unix:/no/such/folder/a.sock", "permission denied, or its folder does not exist"],
  ])("an address that it cannot listen on: %s", async (listen, reason) => {
    const outcome = await run(process.execPath, [gatewayMain, "--upstream", museum.address, "--listen", listen, ...fromFile]);
    expect(outcome).toEqual(line(`cannot listen on ${listen}: ${reason}`));
  });

  test("a descriptor set that does not exist", async () => {
    const file = folder.file("nothing.binpb");
    expect(await fail("--upstream", museum.address, "--descriptors", file)).toEqual(line(`cannot read ${file}: there is no such file`));
  });

  test("a descriptor set that is a folder", async () => {
    const outcome = await fail("--upstream", museum.address, "--descriptors", folder.path);
    expect(outcome).toEqual(line(`cannot read ${folder.path}: it is a folder`));
  });

  test("a file that is not a descriptor set", async () => {
    const file = await folder.write("text.binpb", "service Museum {}");
    expect(await fail("--upstream", museum.address, "--descriptors", file)).toEqual(line(/\S+text\.binpb: not a descriptor set: [^\n]+/));
  });

  test("an empty descriptor set", async () => {
    const file = await folder.write("empty.binpb", "");
    expect(await fail("--upstream", museum.address, "--descriptors", file)).toEqual(line(`${museum.address} has no services`));
  });

  test("a descriptor set without its imports", async () => {
    const file = folder.file("alone.binpb");
    const config = JSON.stringify({ version: "v2", modules: [{ path: "gateway/third_party" }, { path: "e2e/test/gateway/proto" }] });
    const build = ["build", packagesFolder, "--config", config, "--as-file-descriptor-set", "--exclude-imports", "-o", file];
    const only = ["--path", `${packagesFolder}/e2e/test/gateway/proto/museum.proto`];
    expect(await run(buf, [...build, ...only])).toMatchObject({ status: 0 });
    expect(await fail("--upstream", museum.address, "--descriptors", file)).toEqual(
      line(/\S+alone\.binpb: the descriptors are incomplete: [^\n]+/),
    );
  });

  test("malformed YAML rules, and a rule for an unknown method", async () => {
    const wrong = await folder.write("wrong.yaml", "http: [");
    expect(await fail("--upstream", museum.address, ...fromFile, "--rules", wrong)).toEqual(line(/[^\n]*rules[^\n]*/));
    const unknown = await folder.write("unknown.yaml", "http:\n  rules:\n    - { selector: museum.v1.Museum.Nothing, get: /v1 }\n");
    expect(await fail("--upstream", museum.address, ...fromFile, "--rules", unknown)).toEqual(
      line('the rule for "museum.v1.Museum.Nothing" does not select a method'),
    );
  });

  test("an unknown service", async () => {
    const outcome = await fail("--upstream", museum.address, ...fromFile, "--service", "museum.v1.Gallery");
    expect(outcome).toEqual(line("unknown service museum.v1.Gallery, expected one of: museum.v1.Museum"));
  });

  test("an upstream without reflection", async () => {
    const outcome = await fail("--upstream", museum.address);
    expect(outcome).toEqual(line(`${museum.address} does not support reflection: use a descriptor set instead`));
  });

  test("an upstream that is down, with --require-upstreams", async () => {
    const address = `127.0.0.1:${await closedPort()}`;
    expect(await fail("--upstream", address, "--require-upstreams")).toEqual(line(new RegExp(`reflection of ${address} failed: [^\\n]+`)));
  });

  test("an upstream that stays silent, with --require-upstreams", async () => {
    await using silent = await listenTcp(() => {});
    const address = `127.0.0.1:${silent.port}`;
    expect(await fail("--upstream", address, "--require-upstreams")).toEqual(line(new RegExp(`reflection of ${address} failed: [^\\n]+`)));
  });

  test("malformed and missing certificates", async () => {
    const file = await folder.write("none.pem", "none");
    const missing = folder.file("missing.pem");
    const toServer = await fail("--upstream", museum.address, ...fromFile, "--ca", missing);
    expect(toServer).toEqual(line(`cannot read ${missing}: there is no such file`));
    for (const cert of [file, missing]) {
      const toClients = await fail("--upstream", museum.address, ...fromFile, "--tls-cert", cert, "--tls-key", cert);
      expect(toClients).toEqual(line(new RegExp(`[^\\n]*${cert}[^\\n]*`)));
    }
  });

  test.each([
    ["--upstream", "x:1", "--reflection", "--descriptors", "x"],
    ["--upstream", "x:1", "--tls-cert", "x"],
    ["--upstream", "x:1", "--tls-ca", "x"],
    ["--upstream", "x:1", "--cert", "x"],
    ["--upstream", "x:1", "--timeout", "soon"],
    ["--upstream", "x:1", "--listen", "missing"],
    ["--upstream", "x:1", "--nothing"],
    [],
  ])("invalid arguments: %s %s %s %s %s", async (...args) => {
    expect(await fail(...args)).toEqual(line(/[^\n]+/));
  });
});

describe("the log", () => {
  test("has one line for each request, including aborted ones, and no secret", async () => {
    await using own = await startGateway(museum.address, [...fromFile, "--log-level", "trace"]);
    const secret = "c2VjcmV0LXRva2Vu";
    const headers = { authorization: `Bearer ${secret}`, cookie: secret, "grpc-metadata-token": secret };
    const ask = (path: string, method = "GET") => askHttp1(`${own.url}${path}?access_token=${secret}`, { method, headers });
    await ask("/v1/exhibits/2");
    await ask("/v1/exhibits/missing");
    await ask("/v1/exhibits/2", "HEAD");
    await ask("/v1/exhibits/2", "POST");
    await ask("/missing");
    await ask("/%ff");
    await ask("/docs");
    for (const accept of ["application/x-ndjson", "text/event-stream"]) {
      const leave = new AbortController();
      const url = `${own.url}/v1/halls/${accept.slice(-6)}:watch?access_token=${secret}`;
      const response = await fetch(url, { headers: { ...headers, accept }, signal: leave.signal });
      await response.body?.getReader().read();
      leave.abort();
    }
    const waiting = request(`${own.url}/v1/wait?seconds=20&token=${secret}`, { headers }).end();
    waiting.on("error", () => {});
    await setTimeout(300);
    waiting.destroy();
    const socket = new WebSocket(`${own.url.replace("http", "ws")}/v1/halls/ws:watch?token=${secret}`);
    await once(socket, "message");
    socket.close();
    const upgrade = `GET /v1/halls/1:watch?token=${secret} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: http://elsewhere.example\r\n\r\n`;
    expect(await exchange(connect(own.port, "127.0.0.1"), upgrade)).toMatch(/^HTTP\/1\.1 403 /);

    const lines = () => own.requests.map(({ method, path, status, grpc }) => [method, path, status, grpc].join(" ")).toSorted();
    await until(() => lines().length >= 12);
    // Allow time for a surplus line.
    await setTimeout(300);
    expect(lines()).toEqual(
      [
        "GET /v1/exhibits/2 200 OK",
        "GET /v1/exhibits/missing 404 NOT_FOUND",
        "HEAD /v1/exhibits/2 200 OK",
        "POST /v1/exhibits/2 405 UNIMPLEMENTED",
        "GET /missing 404 NOT_FOUND",
        "GET /%ff 400 INVALID_ARGUMENT",
        "GET /docs 200 OK",
        "GET /v1/halls/ndjson:watch 200 CANCELLED",
        "GET /v1/halls/stream:watch 200 CANCELLED",
        "GET /v1/wait 499 CANCELLED",
        "WEBSOCKET /v1/halls/ws:watch  CANCELLED",
        "GET /v1/halls/1:watch 403 PERMISSION_DENIED",
      ].toSorted(),
    );
    for (const entry of own.requests) expect(entry).toMatchObject({ level: "info", peer: "127.0.0.1", durationMs: expect.any(Number) });
    await own.stop();
    expect(own.stderr.text + own.stdout.text).not.toContain(secret);
  });
});

describe("a browser", () => {
  const origin = "https://elsewhere.example";

  test("of another origin gets no CORS header by default", async () => {
    const headers = { origin, "access-control-request-method": "GET" };
    for (const method of ["GET", "OPTIONS"]) {
      const answer = await askHttp1(`${gateway.url}/v1/exhibits/2`, { method, headers });
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  test("of an origin in --cors gets CORS headers", async () => {
    await using open = await startGateway(museum.address, [...fromFile, "--cors", origin]);
    const ask = (from: string, method: string) =>
      askHttp1(`${open.url}/v1/exhibits/2`, { method, headers: { origin: from, "access-control-request-method": "GET" } });
    expect(await ask(origin, "GET")).toMatchObject({ status: 200, headers: { "access-control-allow-origin": origin } });
    expect(await ask(origin, "OPTIONS")).toMatchObject({ status: 204, headers: { "access-control-allow-origin": origin } });
    expect((await ask("https://third.example", "GET")).headers["access-control-allow-origin"]).toBeUndefined();
  });

  test.each(["/v1/exhibits/2", "/v1/exhibits/missing", "/missing", "/openapi.json", "/healthz", "/docs"])(
    "gets security headers with %s",
    async (path) => {
      const { headers } = await askHttp1(gateway.url + path);
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy": expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'/),
      });
      expect(headers).not.toHaveProperty("x-powered-by");
      expect(headers).not.toHaveProperty("server");
    },
  );
});

describe("limits", () => {
  const tooLarge = '{"code":8,"message":"the body is larger than the limit of 1000 bytes","details":[]}';

  test("apply to a body by its content-length and by its actual size", async () => {
    const body = JSON.stringify({ hall: "x".repeat(1000) });
    const path = "/v1/halls/1/exhibits/2:move";
    const headers = { "content-type": "application/json" };
    expect(await askHttp1(gateway.url + path, { method: "POST", headers, body })).toMatchObject({ status: 413, body: tooLarge });
    const chunked = { ...headers, "transfer-encoding": "chunked" };
    expect(await askHttp1(gateway.url + path, { method: "POST", headers: chunked, body })).toMatchObject({ status: 413, body: tooLarge });
    const fits = JSON.stringify({ hall: "x".repeat(900) });
    expect(await askHttp1(gateway.url + path, { method: "POST", headers, body: fits })).toMatchObject({ status: 200 });
  });

  test.each([
    ["a URL", `GET /v1/exhibits/${"x".repeat(17_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ["headers", `GET /v1/exhibits/2 HTTP/1.1\r\nHost: localhost\r\nX-Long: ${"x".repeat(17_000)}\r\n\r\n`],
  ])("apply to %s: 431", async (_, written) => {
    expect(await exchange(connect(gateway.port, "127.0.0.1"), written)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test("are options of the command", async () => {
    const limits = ["--max-header-bytes", "2000", "--max-connections", "1", "--headers-timeout", "60000"];
    await using front = await startGateway(museum.address, [...fromFile, ...limits]);
    expect(await askHttp1(`${front.url}/v1/exhibits/${"x".repeat(3000)}`)).toMatchObject({ status: 431 });
    const first = connect(front.port, "127.0.0.1");
    await once(first, "connect");
    expect(await exchange(connect(front.port, "127.0.0.1"), "")).toBe("");
    first.destroy();
  });

  test("allow a URL of 8,000 characters", async () => {
    expect(await askHttp1(`${gateway.url}/v1/exhibits/${"x".repeat(8000)}`)).toMatchObject({ status: 200 });
  });

  test("reject bytes that are not HTTP: 400", async () => {
    expect(await exchange(connect(gateway.port, "127.0.0.1"), "hello\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("close a connection that stays silent", async () => {
    expect(await exchange(connect(gateway.port, "127.0.0.1"), "")).toBe("");
  });
});

test("new connections see a renewed certificate once its key matches", async () => {
  await using own = await Folder.make();
  const authority = await writeSet(own);
  const tls = ["--tls-cert", own.file("server.pem"), "--tls-key", own.file("server.key")];
  await using front = await startGateway(museum.address, [...fromFile, ...tls], { listen: "localhost:0" });
  const shown = async () => (await shakeHands(`127.0.0.1:${front.port}`)).fingerprint;
  const before = await shown();
  const renewed = authority.issue();
  await own.write("server.pem", renewed.cert);
  await front.stderr.line((line) => line.includes("the current certificate stays in use"));
  expect(await shown()).toBe(before);
  await own.write("server.key", renewed.key);
  await until(async () => (await shown()) !== before);
  expect(await askHttp1(`https://localhost:${front.port}/v1/exhibits/2`, {}, { ca: authority.cert })).toMatchObject({ status: 200 });
});
