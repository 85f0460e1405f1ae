// Channels over sockets: servers that start, stop, stay silent, or listen on a Unix domain socket.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { type EchoServer, startEcho } from "../../test/echo-server.ts";
import { eventually } from "../../test/eventually.ts";
import { createClient } from "../client/client.ts";
import { Code } from "../protocol/code.ts";
import type { Status } from "../protocol/status.ts";
import { Health } from "../services/health/index.ts";
import type { Channel, ClientListener, ClientStream, OutgoingMethod } from "../transport/client.ts";
import { http2Dial } from "../transport/http2/client/dial.ts";
import { createChannel } from "./create-channel.ts";
import { openChannel } from "./open-channel.ts";
import { type ChannelOptions, readOptions } from "./options.ts";

const method: OutgoingMethod = { path: "/test.Echo/Echo", requestStream: false, responseStream: false };

class Echo implements ClientListener {
  readonly stream: ClientStream;
  #message = "";
  readonly #ended = Promise.withResolvers<Status & { readonly response: string; readonly peer: string | undefined }>();

  constructor(channel: Channel, request: string, waitForReady: boolean | undefined) {
    this.stream = channel.open(
      {
        method,
        metadata: undefined,
        deadline: Number.POSITIVE_INFINITY,
        compression: "identity",
        waitForReady,
        authority: undefined,
        request: Buffer.from(request),
        previousAttempts: 0,
      },
      this,
    );
    this.stream.pull();
  }

  get ended() {
    return this.#ended.promise;
  }

  onHeader(): void {}

  onMessage(message: Buffer): void {
    this.#message = message.toString();
  }

  onDrain(): void {}

  onStatus({ code, message, metadata }: Status): void {
    this.#ended.resolve({ code, message, metadata, response: this.#message, peer: this.stream.peer });
  }
}

const echo = (channel: Channel, request: string, waitForReady?: boolean) => new Echo(channel, request, waitForReady).ended;

/** Calls from `width` loops until `until` resolves. Returns the number of calls by outcome. */
async function load(channel: Channel, width: number, until: Promise<unknown>): Promise<Record<string, number>> {
  let stop = false;
  const counts: Record<string, number> = {};
  const loop = async (name: number) => {
    for (let i = 0; !stop && i < 100_000; i++) {
      const request = `${name}.${i}`;
      const { code, message, response } = await echo(channel, request);
      const outcome = code === Code.OK && response === request ? "OK" : `${Code[code]}: ${message}`;
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
  };
  const loops = Array.from({ length: width }, (_, i) => loop(i));
  await until;
  stop = true;
  await Promise.all(loops);
  return counts;
}

/** Returns a port without a listener. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const retry = { codes: ["UNAVAILABLE"], maxAttempts: 5, initialBackoffMs: 20, maxBackoffMs: 200 } as const;

test.each(["pick_first", "round_robin"] as const)("%s: no call fails while two servers shut down in turn under load", async (balancing) => {
  const servers = [await startEcho({ delayMs: 2 }), await startEcho({ delayMs: 2 })] as [EchoServer, EchoServer];
  const ports = servers.map(({ port }) => port) as [number, number];
  using channel = createChannel(`ipv4:${ports.map((port) => `127.0.0.1:${port}`).join()}`, { balancing, backoff: { initialMs: 100 } });
  await channel.connect();
  const all = [...servers];
  const served = () => all.reduce((sum, { calls }) => sum + calls, 0);
  const someCalls = async () => {
    const before = served();
    await eventually(() => expect(served()).toBeGreaterThan(before + 60));
  };
  const restarts = async () => {
    for (const i of [0, 1, 0, 1] as const) {
      await someCalls();
      await servers[i].shutdown();
      await someCalls();
      servers[i] = await startEcho({ delayMs: 2, port: ports[i] });
      all.push(servers[i]);
      // round_robin may still wait for the back-off of the restarted server.
      if (balancing === "round_robin") await eventually(() => expect(servers[i].calls).toBeGreaterThan(0));
    }
  };
  const counts = await load(channel, 20, restarts());
  expect(Object.keys(counts)).toEqual(["OK"]);
});

test.each(["pick_first", "round_robin"] as const)(
  "%s: with a retry policy, no call fails while two servers are killed in turn under load",
  async (balancing) => {
    const servers = [await startEcho({ delayMs: 2 }), await startEcho({ delayMs: 2 })] as [EchoServer, EchoServer];
    const ports = servers.map(({ port }) => port) as [number, number];
    const target = `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join()}`;
    using channel = createChannel(target, { balancing, retry, backoff: { initialMs: 100 } });
    await channel.connect();
    const restarts = async () => {
      for (const i of [0, 1, 0, 1] as const) {
        await pause(150);
        servers[i].kill();
        await pause(150);
        servers[i] = await startEcho({ delayMs: 2, port: ports[i] });
        if (balancing === "round_robin") await eventually(() => expect(servers[i].calls).toBeGreaterThan(0));
      }
    };
    const counts = await load(channel, 20, restarts());
    expect(Object.keys(counts)).toEqual(["OK"]);
  },
);

// Other systems have a single loopback address.
test.skipIf(process.platform !== "linux")(
  "round_robin over three servers continues when one is killed and the name server adds another",
  async () => {
    const first = await startEcho({ host: "127.0.0.2" });
    const { port } = first;
    const [second, third, fourth] = await Promise.all([3, 4, 5].map((i) => startEcho({ host: `127.0.0.${i}`, port })));
    let addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];
    const dependencies = { dialer: http2Dial, lookup: () => Promise.resolve(addresses) };
    const options: ChannelOptions = { balancing: "round_robin", dnsRefreshMs: 50, retry };
    using channel = openChannel(`shop.test:${port}`, readOptions("test", options), dependencies);
    await channel.connect();
    const servers = [first, second, third, fourth] as EchoServer[];
    const events = async () => {
      await eventually(() => expect(servers.slice(0, 3).every(({ calls }) => calls > 10)).toBe(true));
      servers[1]?.kill();
      await pause(100);
      addresses = ["127.0.0.2", "127.0.0.4", "127.0.0.5"];
      await eventually(() => expect(servers[3]?.calls).toBeGreaterThan(10));
    };
    const counts = await load(channel, 10, events());
    expect(Object.keys(counts)).toEqual(["OK"]);
    const before = servers.map(({ calls }) => calls);
    for (let i = 0; i < 30; i++) await echo(channel, String(i));
    expect(servers.map(({ calls }, i) => calls - (before[i] ?? 0))).toEqual([10, 0, 10, 10]);
  },
);

/** Starts a server that accepts connections and never sends anything. */
async function startSilent(port = 0) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on("error", () => {}).resume()));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  onTestFinished(stop);
  return { port: (server.address() as AddressInfo).port, sockets, stop };
}

test("a call reaches the next address if the first one stays silent", async () => {
  const silent = await startSilent();
  const good = await startEcho();
  using channel = createChannel(`ipv4:127.0.0.1:${silent.port},127.0.0.1:${good.port}`);
  const began = performance.now();
  expect(await echo(channel, "x")).toMatchObject({ response: "x", peer: good.target });
  // The attempt to the silent peer alone takes twenty seconds.
  expect(performance.now() - began).toBeLessThan(15_000);
  await eventually(() => expect([...silent.sockets].every(({ readableEnded, destroyed }) => readableEnded || destroyed)).toBe(true));
});

test.each<[string, (at: string) => [target: string, options: ChannelOptions]]>([
  ["the server's HTTP/2 SETTINGS", (at) => [at, {}]],
  ["the TLS handshake", (at) => [at, { tls: true }]],
  ["the proxy's answer to CONNECT", (at) => ["shop.example:50051", { proxy: `http://${at}` }]],
])("with a silent peer, the errors of a call and of connect() name the step: %s", async (step, use) => {
  const silent = await startSilent();
  const [target, options] = use(`127.0.0.1:${silent.port}`);
  using channel = createChannel(target, { ...options, connectTimeoutMs: 800 });
  const client = createClient(Health, channel);
  const message = `no connection to ${target} within 800 ms, waiting for ${step}`;
  const connected = expect(channel.connect()).rejects.toMatchObject({ code: Code.UNAVAILABLE, message });
  await expect(client.check({}, { timeoutMs: 300 })).rejects.toMatchObject({
    code: Code.DEADLINE_EXCEEDED,
    message: `deadline exceeded: /grpc.health.v1.Health/Check had no connection within 300 ms, waiting for ${step}`,
  });
  await expect(client.check({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, message });
  await connected;
});

test("calls succeed once a server replaces a silent peer", async () => {
  const silent = await startSilent();
  using channel = createChannel(`127.0.0.1:${silent.port}`, { connectTimeoutMs: 500, backoff: { initialMs: 50 } });
  expect(await echo(channel, "x")).toMatchObject({
    code: Code.UNAVAILABLE,
    message: `no connection to 127.0.0.1:${silent.port} within 500 ms, waiting for the server's HTTP/2 SETTINGS`,
  });
  const patient = echo(channel, "y", true);
  silent.stop();
  await startEcho({ port: silent.port });
  expect(await patient).toMatchObject({ response: "y" });
});

test("200 calls succeed over one connection with a limit of 10 streams", async () => {
  const server = await startEcho({ maxConcurrentStreams: 10, delayMs: 3 });
  using channel = createChannel(server.target);
  const results = await Promise.all(Array.from({ length: 200 }, (_, i) => echo(channel, String(i))));
  expect(results.map(({ response }) => response)).toEqual(results.map((_, i) => String(i)));
  expect(server).toMatchObject({ accepted: 1, mostConcurrent: 10, calls: 200 });
});

test("three channels of one target share a connection, and one with `pool: false` has its own", async () => {
  const server = await startEcho();
  const channels = [0, 1, 2].map(() => createChannel(server.target, { connectTimeoutMs: 5_000 }));
  for (const channel of channels) expect(await echo(channel, "x")).toMatchObject({ response: "x" });
  expect(server.accepted).toBe(1);
  using own = createChannel(server.target, { connectTimeoutMs: 5_000, pool: false });
  await own.connect();
  expect(server.accepted).toBe(2);
  channels[0]?.close();
  expect(await echo(channels[1] as Channel, "y")).toMatchObject({ response: "y" });
  for (const channel of channels) channel.close();
  expect(server.accepted).toBe(2);
});

test("calls reach a server on a Unix domain socket", async () => {
  const folder = mkdtempSync(join(tmpdir(), "channel-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "echo.sock");
  using channel = createChannel(`unix://${path}`, { backoff: { initialMs: 50 } });
  expect(await echo(channel, "x")).toMatchObject({
    code: Code.UNAVAILABLE,
    message: `cannot connect to unix:${path}: there is no such socket`,
  });
  const patient = echo(channel, "y", true);
  await startEcho({ path });
  expect(await patient).toMatchObject({ response: "y", peer: `unix:${path}` });
});

/** Starts an HTTP proxy that connects every name to one server, and records its requests. */
async function startProxy(to: EchoServer) {
  const asked: string[] = [];
  const proxy = createHttpServer();
  proxy.on("connect", ({ url = "", headers }, client: Socket) => {
    asked.push(`${url} ${headers["proxy-authorization"]}`);
    const server = connect(to.port, "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const socket of [client, server]) socket.on("error", () => {});
    client.pipe(server).pipe(client);
    onTestFinished(() => void client.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  return { url: `http://user:pass@127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}

test("a proxy from the option or the environment receives the name, which stays the authority", async () => {
  const server = await startEcho();
  const { url, asked } = await startProxy(server);
  using channel = createChannel("shop.invalid:50051", { proxy: url });
  expect(await echo(channel, "x")).toMatchObject({ response: "x" });
  vi.stubEnv("grpc_proxy", url);
  onTestFinished(() => void vi.unstubAllEnvs());
  using second = createChannel("second.invalid:50051");
  expect(await echo(second, "y")).toMatchObject({ response: "y" });
  vi.stubEnv("no_proxy", "third.invalid");
  using third = createChannel("third.invalid:50051");
  expect(await echo(third, "z")).toMatchObject({ code: Code.UNAVAILABLE });
  const credentials = `Basic ${Buffer.from("user:pass").toString("base64")}`;
  expect(asked).toEqual([`shop.invalid:50051 ${credentials}`, `second.invalid:50051 ${credentials}`]);
  expect(server.authorities).toEqual(["shop.invalid:50051", "second.invalid:50051"]);
});

test("a call with waitForReady waits for the server, and one without fails at once with the reason", async () => {
  const port = await freePort();
  using channel = createChannel(`localhost:${port}`, { backoff: { initialMs: 50 } });
  const refused = { code: Code.UNAVAILABLE, message: `cannot connect to localhost:${port}: connection refused: nothing listens there` };
  const waits = echo(channel, "x", true);
  expect(await echo(channel, "y")).toMatchObject(refused);
  const connected = channel.connect();
  await pause(100);
  await startEcho({ port });
  expect(await waits).toMatchObject({ response: "x" });
  await connected;
});

test("connect() rejects with the reason", async () => {
  const port = await freePort();
  using channel = createChannel(`127.0.0.1:${port}`, { connectTimeoutMs: 500, backoff: { initialMs: 30 } });
  await expect(channel.connect()).rejects.toMatchObject({
    code: Code.UNAVAILABLE,
    message: `cannot connect to 127.0.0.1:${port}: connection refused: nothing listens there`,
  });
});

test("a script that forgets close() ends once its calls have", async () => {
  const server = await startEcho({ delayMs: 50 });
  const createChannelModule = new URL("create-channel.ts", import.meta.url).href;
  const script = `
    import { createChannel } from ${JSON.stringify(createChannelModule)};
    const method = { path: "/test.Echo/Echo", requestStream: false, responseStream: false };
    const call = { method, metadata: undefined, deadline: Infinity, compression: "identity", request: Buffer.from("x"), previousAttempts: 0 };
    const channel = createChannel(${JSON.stringify(server.target)}, { balancing: "round_robin", dnsRefreshMs: 100 });
    const onStatus = ({ code }) => console.log("ended with", code);
    channel.open(call, { onHeader() {}, onMessage() {}, onDrain() {}, onStatus }).pull();
  `;
  const child = spawn(process.execPath, ["--conditions=@grpc-study/source", "--input-type=module", "--eval", script]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "close", { signal: AbortSignal.timeout(25_000) });
  expect({ code, output }).toEqual({ code: 0, output: "ended with 0\n" });
});

// The peer accepts the connections, and stays silent: before SETTINGS, within the TLS handshake, or
// at CONNECT.
test("a script ends once its calls have failed, though connections are still attempted: plaintext, TLS, through a proxy", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  const sockets = new Set<Socket>();
  silent.on("connection", (socket) => void sockets.add(socket.on("error", () => {})));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  await once(silent, "listening");
  const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const attempts = [
    [address, {}],
    [address, { tls: true }],
    ["shop.invalid:50051", { proxy: `http://${address}` }],
  ];
  const script = `
    import { createClient } from ${JSON.stringify(new URL("../index.ts", import.meta.url).href)};
    import { TestService } from ${JSON.stringify(new URL("../../test/gen/test_pb.js", import.meta.url).href)};
    const controller = new AbortController();
    process.stdin.once("data", () => process.stdin.destroy() && controller.abort());
    const codes = ${JSON.stringify(attempts)}.map(([target, options]) =>
      createClient(TestService, target, options).unary({}, { signal: controller.signal }).catch(({ code }) => code));
    console.log("ended with", ...(await Promise.all(codes)));
  `;
  const child = spawn(process.execPath, ["--conditions=@grpc-study/source", "--input-type=module", "--eval", script]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  await eventually(() => expect(sockets.size).toBe(attempts.length));
  child.stdin.write("cancel");
  const [code] = await once(child, "close", { signal: AbortSignal.timeout(25_000) });
  expect({ code, output }).toEqual({ code: 0, output: "ended with 1 1 1\n" });
});
