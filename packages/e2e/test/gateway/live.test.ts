// Changes while the command runs: servers that are down, come back or change, SIGHUP, and the
// refresh timer.
import { setTimeout } from "node:timers/promises";
import { OrderService, ProdAreas, ProdService, UserService } from "@grpc-study/proto/shop";
import { Code, createChannel, createClient, createServer, type Implementation, implement } from "@grpc-study/rpc";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { gatewayMain } from "../harness/paths.ts";
import { closedPort } from "../harness/ports.ts";
import { run } from "../harness/process.ts";
import { until } from "../harness/until.ts";
import { Folder } from "../security/certificates.ts";
import { GatewayProcess, ready } from "./gateways.ts";
import { askHttp1 } from "./http.ts";

// Each test starts several processes and waits for back-off.
vi.setConfig({ testTimeout: 90_000 });

const started = new AsyncDisposableStack();
let folder: Folder;
let files = 0;

beforeAll(async () => {
  folder = started.use(await Folder.make());
});

afterAll(() => started.disposeAsync());

const stock = implement(ProdService, { getProdStock: () => ({ prodStock: ProdAreas.B }) });
const orders = implement(OrderService, { newOrder: () => ({ status: "OK" }) });
const scores = implement(UserService, {
  async *getUserScoreByServerStream(_request, { signal }) {
    for (let number = 1; !signal.aborted; number++) {
      yield { users: [{ userId: number }] };
      await setTimeout(100);
    }
  },
  getUserScore: async () => {
    await setTimeout(3_000);
    return {};
  },
});

/** What a test starts, and ends with it. */
class Scene implements AsyncDisposable {
  readonly #started = new AsyncDisposableStack();

  /** Serves with reflection. Port 0 takes a free port. */
  async serve(port: number, ...implementations: readonly Implementation[]) {
    const server = createServer({ reflection: true });
    server.add(...implementations);
    const { address } = await server.listen(`127.0.0.1:${port}`);
    let stopped: Promise<unknown> | undefined;
    const stop = () => {
      stopped ??= server.shutdown({ graceMs: 0, abortMs: 0 });
      return stopped;
    };
    this.#started.defer(async () => void (await stop()));
    return { server, address, port: Number(address.split(":")[1]), stop };
  }

  /** Starts the command. */
  async start(...args: readonly string[]): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(process.execPath, [gatewayMain, "--listen", "127.0.0.1:0", ...args]);
    this.#started.use(gateway);
    return ready(gateway, / serves /, /^(https?:\/\/\S+) serves /);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#started.disposeAsync();
  }
}

/** The log without that of requests. */
const logOf = (gateway: GatewayProcess) =>
  gateway.messages.filter((message) => !/^(?:request$|serving HTTP$|cannot connect to )/.test(message));
const statusOf = async (gateway: GatewayProcess, path: string, method = "GET") => (await askHttp1(gateway.url + path, { method })).status;
const health = async (gateway: GatewayProcess) => {
  const { status, body } = await askHttp1(`${gateway.url}/healthz`);
  return { status, body: JSON.parse(body) as unknown };
};

test("a server that is down at the start is found later, and /healthz names it until then", async () => {
  await using scene = new Scene();
  const port = await closedPort();
  const address = `127.0.0.1:${port}`;
  const gateway = await scene.start("--upstream", address);
  await gateway.stdout.line((line) => line === `not reached yet: ${address}`);
  expect(await health(gateway)).toEqual({ status: 503, body: { status: "UNAVAILABLE", upstreams: { [address]: "UNAVAILABLE" } } });
  expect(await statusOf(gateway, "/v1/prod/1")).toBe(404);
  expect(await statusOf(gateway, "/openapi.json")).toBe(200);
  await setTimeout(1_500);
  await scene.serve(port, stock);
  await until(async () => (await statusOf(gateway, "/v1/prod/1")) === 200);
  await until(async () => (await health(gateway)).status === 200);
  expect(await askHttp1(`${gateway.url}/openapi.json`)).toMatchObject({ body: expect.stringContaining("/v1/prod/{prodId}") });
  // One line for each change of the state, whatever the number of attempts.
  expect(logOf(gateway)).toEqual([
    expect.stringMatching(`^cannot read the services of ${address}, trying again: reflection of ${address} failed: `),
    `${address} is back`,
    `the services of ${address} have changed`,
  ]);
});

test("with --require-upstreams a server that is down ends the command", async () => {
  const address = `127.0.0.1:${await closedPort()}`;
  const outcome = await run(process.execPath, [gatewayMain, "--listen", "127.0.0.1:0", "--upstream", address, "--require-upstreams"]);
  expect(outcome).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(`^error: reflection of ${address} failed: [^\n]+\n$`) });
});

test("a server that is down takes nothing from the others", async () => {
  await using scene = new Scene();
  const up = await scene.serve(0, stock);
  const port = await closedPort();
  const gateway = await scene.start("--upstream", up.address, `127.0.0.1:${port}`);
  expect(await statusOf(gateway, "/v1/prod/1")).toBe(200);
  expect(await health(gateway)).toEqual({
    status: 503,
    body: { status: "UNAVAILABLE", upstreams: { [`127.0.0.1:${port}`]: "UNAVAILABLE" } },
  });
  await scene.serve(port, orders);
  await until(async () => (await statusOf(gateway, "/v1/orders", "POST")) !== 404);
  await until(async () => (await health(gateway)).status === 200);
});

test("a server that restarts with another service is read again, and calls to other servers go on", async () => {
  await using scene = new Scene();
  const first = await scene.serve(await closedPort(), stock);
  const other = await scene.serve(0, scores);
  const gateway = await scene.start("--upstream", first.address, other.address, "--unbound");
  const stream = await fetch(`${gateway.url}/services.UserService/GetUserScoreByServerStream`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const reader = stream.body?.getReader();
  expect((await reader?.read())?.done).toBe(false);
  await first.stop();
  await gateway.stderr.line((line) => line.includes(`${first.address} is down`));
  // The services stay: calls fail with the status of a server that is down.
  expect(await statusOf(gateway, "/v1/prod/1")).toBe(503);
  await scene.serve(first.port, stock, orders);
  await until(async () => (await statusOf(gateway, "/v1/orders", "POST")) !== 404);
  await until(async () => (await statusOf(gateway, "/v1/prod/1")) === 200);
  expect((await reader?.read())?.done).toBe(false);
  await reader?.cancel();
  expect(logOf(gateway)).toEqual([
    expect.stringMatching(`^${first.address} is down, trying again: `),
    `${first.address} is back`,
    `the services of ${first.address} have changed`,
  ]);
});

test("a server that restarts unchanged changes nothing", async () => {
  await using scene = new Scene();
  const first = await scene.serve(await closedPort(), stock);
  const gateway = await scene.start("--upstream", first.address);
  await first.stop();
  await gateway.stderr.line((line) => line.includes("is down"));
  await scene.serve(first.port, stock);
  await gateway.stderr.line((line) => line.includes("is back"));
  await until(async () => (await statusOf(gateway, "/v1/prod/1")) === 200);
  expect(logOf(gateway).some((message) => message.includes("changed"))).toBe(false);
});

test("services that conflict are logged and not served", async () => {
  await using scene = new Scene();
  const up = await scene.serve(0, stock);
  const port = await closedPort();
  const gateway = await scene.start("--upstream", up.address, `127.0.0.1:${port}`);
  await scene.serve(port, stock, orders);
  await gateway.stderr.line((line) => line.includes("the changed services are not served"));
  expect(logOf(gateway).at(-1)).toContain("both have the service services.ProdService");
  expect(await statusOf(gateway, "/v1/prod/1")).toBe(200);
  expect(await statusOf(gateway, "/v1/orders", "POST")).toBe(404);
  expect((await health(gateway)).status).toBe(503);
});

test("SIGHUP reads the file and the services again; a fault leaves what is served", async () => {
  await using scene = new Scene();
  const [one, other] = [await scene.serve(await closedPort(), stock), await scene.serve(await closedPort(), orders)];
  const name = `hup-${files++}.yaml`;
  const upstream = (address: string) => `  - address: ${address}\n`;
  const file = await folder.write(name, `upstreams:\n${upstream(one.address)}`);
  const gateway = await scene.start("--config", file);
  const hup = async (content: string, answer: string) => {
    await folder.write(name, content);
    const before = logOf(gateway).length;
    gateway.kill("SIGHUP");
    await until(() =>
      logOf(gateway)
        .slice(before)
        .some((message) => message.includes(answer)),
    );
    return logOf(gateway).slice(before);
  };
  const both = `upstreams:\n${upstream(one.address)}${upstream(other.address)}`;
  expect(await hup(both, "reloaded")).toEqual(["reloaded"]);
  expect(await statusOf(gateway, "/v1/orders", "POST")).not.toBe(404);

  const rule = "rules: [{ selector: services.ProdService.GetProdStock, get: '/v2/{prod_id}' }]\n";
  expect(await hup(both + rule, "reloaded")).toEqual(["reloaded"]);
  expect([await statusOf(gateway, "/v1/prod/1"), await statusOf(gateway, "/v2/1")]).toEqual([404, 200]);

  expect(await hup("upstreams: 5\n", "not reloaded")).toEqual([
    `not reloaded: ${file}:1:12: upstreams: must be an array, got the number 5`,
  ]);
  expect(await hup(both.replace(other.address, one.address), "not reloaded")).toEqual([
    `not reloaded: the server ${one.address} is there twice`,
  ]);
  expect(await hup(both + rule.replace("prod_id", "nothing"), "not reloaded")).toEqual([
    expect.stringContaining('no field "nothing", which is in the path'),
  ]);
  expect([await statusOf(gateway, "/v2/1"), await statusOf(gateway, "/v1/orders", "POST")]).not.toContain(404);

  expect(await hup(`${both}docs: { title: New }\n`, "reloaded")).toEqual(["docs: the change takes effect after a restart", "reloaded"]);
  expect(await hup(`upstreams:\n${upstream(one.address)}`, "reloaded")).toEqual([
    "docs: the change takes effect after a restart",
    "reloaded",
  ]);
  expect([await statusOf(gateway, "/v1/prod/1"), await statusOf(gateway, "/v1/orders", "POST")]).toEqual([200, 404]);
  gateway.kill("SIGTERM");
  expect(await gateway.exit).toEqual({ status: 0, signal: null });
});

test("SIGHUP without a file reads the services again", async () => {
  await using scene = new Scene();
  const { address } = await scene.serve(0, stock);
  const gateway = await scene.start("--upstream", address);
  gateway.kill("SIGHUP");
  await gateway.stderr.line((line) => line.includes("reloaded"));
  expect(await statusOf(gateway, "/v1/prod/1")).toBe(200);
});

test("with --refresh services are read again while the server stays up", async () => {
  await using scene = new Scene();
  const { server, address } = await scene.serve(0, stock);
  const gateway = await scene.start("--upstream", address, "--refresh", "300ms");
  expect(await statusOf(gateway, "/v1/orders", "POST")).toBe(404);
  server.add(orders);
  await until(async () => (await statusOf(gateway, "/v1/orders", "POST")) !== 404);
  await setTimeout(1_000);
  expect(logOf(gateway)).toEqual([`the services of ${address} have changed`]);
});

test("time limits hold by method, and by server", async () => {
  await using scene = new Scene();
  const server = await scene.serve(0, scores, stock);
  const file = await folder.write(
    `timeouts-${files++}.yaml`,
    `
unbound: true
upstreams: [{ address: "${server.address}", timeout: 5m }]
timeouts: { services.UserService.GetUserScore: 300ms }
`,
  );
  const gateway = await scene.start("--config", file);
  const post = (method: string, timeout?: string) =>
    askHttp1(`${gateway.url}/services.UserService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(timeout && { "grpc-timeout": timeout }) },
      body: "{}",
    });
  expect(await post("GetUserScore")).toMatchObject({ status: 504 });
  // The other protocols have the same limit.
  const connect = await fetch(`${gateway.url}/services.UserService/GetUserScore`, {
    method: "POST",
    headers: { "content-type": "application/json", "connect-protocol-version": "1", "connect-timeout-ms": "20000" },
    body: "{}",
  });
  expect([connect.status, await connect.json()]).toEqual([504, expect.objectContaining({ code: "deadline_exceeded" })]);
  using channel = createChannel(gateway.address);
  await expect(createClient(UserService, channel).getUserScore({})).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  expect(await post("GetUserScore", "10S")).toMatchObject({ status: 504 });
  expect(await post("GetUserScore", "1m")).toMatchObject({ status: 504 });
});
