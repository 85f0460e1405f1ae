// Health checks of the client (gRFC A17): an address gets calls only while `Watch` says SERVING.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../test/eventually.ts";
import { FakeCall, type FakeConnection, FakeNetwork, type FakeWatch } from "../../test/fake-network.ts";
import { startServer, TestService, until } from "../../test/harness.ts";
import { Code, createChannel, createClient, createServer } from "../index.ts";
import type { Channel } from "../transport/client.ts";
import type { ChannelOptions } from "./options.ts";

const options = {
  balancing: "round_robin",
  healthCheck: { service: "shop.Orders" },
  dnsRefreshMs: 20,
  backoff: { initialMs: 30, maxMs: 60 },
} as const;

function shop(...hosts: string[]): FakeNetwork {
  const net = new FakeNetwork();
  for (const host of hosts) net.peers.set(`${host}:1`, "up");
  net.names.set("shop", hosts);
  return net;
}

/** Starts to connect, and resolves with the connections to these peers. */
async function connected(net: FakeNetwork, channel: Channel, ...peers: string[]): Promise<FakeConnection[]> {
  channel.connect().catch(() => {});
  await eventually(() => expect(net.open.map(({ peer }) => peer).sort()).toEqual(peers));
  return peers.map((peer) => net.to(peer)[0] as FakeConnection);
}

/** The watch that a connection began last. */
function watchOf(connection: FakeConnection | undefined): FakeWatch {
  const watch = connection?.watches.at(-1);
  if (watch === undefined) throw new Error("no watch");
  return watch;
}

function peers(channel: Channel, calls: number): Set<string> {
  return new Set(Array.from({ length: calls }, () => new FakeCall(channel).stream.peer ?? "nowhere"));
}

describe("in a network in memory", () => {
  test("a call waits for the first answer, and goes to the addresses that are SERVING", async () => {
    const net = shop("a", "b");
    using channel = net.channel("shop:1", options);
    const call = new FakeCall(channel);
    const [a, b] = await connected(net, channel, "a:1", "b:1");
    expect(channel.state).toBe("connecting");
    expect(watchOf(a).service).toBe("shop.Orders");
    expect(call.stream.peer).toBeUndefined();
    watchOf(a).say("NOT_SERVING");
    expect(channel.state).toBe("connecting");
    watchOf(b).say("SERVING");
    expect(channel.state).toBe("ready");
    expect(call.stream.peer).toBe("b:1");
    expect(peers(channel, 4)).toEqual(new Set(["b:1"]));
    watchOf(a).say("SERVING");
    expect(peers(channel, 4)).toEqual(new Set(["a:1", "b:1"]));
    watchOf(b).say("SERVICE_UNKNOWN");
    expect(peers(channel, 4)).toEqual(new Set(["a:1"]));
    // Calls that run on an unhealthy connection go on.
    expect(call.status).toBeUndefined();
  });

  test("if no address is healthy, calls fail with the reason, and those with waitForReady wait", async () => {
    const net = shop("a");
    using channel = net.channel("shop:1", options);
    const [a] = await connected(net, channel, "a:1");
    watchOf(a).say("NOT_SERVING");
    expect(channel.state).toBe("failed");
    expect(await new FakeCall(channel).ended).toMatchObject({
      code: Code.UNAVAILABLE,
      message: "shop:1 takes no calls: shop.Orders at a:1 is not healthy: it is NOT_SERVING",
    });
    const patient = new FakeCall(channel, { waitForReady: true });
    watchOf(a).say("SERVING");
    expect(patient.stream.peer).toBe("a:1");
  });

  test("a server without the health service counts as healthy", async () => {
    const net = shop("a");
    using channel = net.channel("shop:1", options);
    const [a] = await connected(net, channel, "a:1");
    watchOf(a).end(Code.UNIMPLEMENTED, "unknown service grpc.health.v1.Health");
    expect(channel.state).toBe("ready");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(a?.watches).toHaveLength(1);
  });

  test("a Watch that fails makes the address unhealthy, and begins again after a back-off", async () => {
    const net = shop("a");
    using channel = net.channel("shop:1", options);
    const [a] = await connected(net, channel, "a:1");
    watchOf(a).say("SERVING");
    watchOf(a).end(Code.UNAUTHENTICATED, "no token");
    expect(await new FakeCall(channel).ended).toMatchObject({
      message:
        "shop:1 takes no calls: shop.Orders at a:1 is not healthy: its health service ended the call Watch with UNAUTHENTICATED: no token",
    });
    await eventually(() => expect(a?.watches).toHaveLength(2));
    watchOf(a).say("SERVING");
    expect(channel.state).toBe("ready");
    expect(net.open).toHaveLength(1);
  });

  test("a lost connection never counts as unhealthy: calls wait for the next one", async () => {
    const net = shop("a");
    const states: string[] = [];
    using channel = net.channel("shop:1", { ...options, onStateChange: (state) => states.push(state) });
    const [a] = await connected(net, channel, "a:1");
    watchOf(a).say("SERVING");
    a?.lose();
    const call = new FakeCall(channel);
    const [again] = await connected(net, channel, "a:1");
    watchOf(again).say("SERVING");
    expect(call.stream.peer).toBe("a:1");
    await eventually(() => expect(states).toEqual(["connecting", "ready", "connecting", "ready"]));
  });

  test("GOAWAY, an idle channel and close() end the watch, so that connections close", async () => {
    const net = shop("a");
    const channel = net.channel("shop:1", { ...options, idleTimeoutMs: 60 });
    const [first] = await connected(net, channel, "a:1");
    watchOf(first).say("SERVING");
    first?.goaway();
    expect(watchOf(first).ended).toBe(true);
    const [second] = await connected(net, channel, "a:1");
    watchOf(second).say("SERVING");
    // The open watch does not count as a call.
    await eventually(() => expect(channel.state).toBe("idle"));
    expect(watchOf(second).ended).toBe(true);
    const [third] = await connected(net, channel, "a:1");
    channel.close();
    expect(watchOf(third).ended).toBe(true);
  });

  test("connect() that gets no answer says what it waited for", async () => {
    const net = shop("a");
    using channel = net.channel("shop:1", { ...options, connectTimeoutMs: 1_000 });
    await expect(channel.connect()).rejects.toThrow(
      "no connection to shop:1 within 1000 ms, waiting for the first answer of the health service",
    );
  });

  test.each<readonly [ChannelOptions, watched: string | undefined]>([
    [{ serviceConfig: { healthCheckConfig: { serviceName: "x.Y" } }, balancing: "round_robin" }, "x.Y"],
    [{ serviceConfig: { healthCheckConfig: { serviceName: "" }, loadBalancingConfig: [{ round_robin: {} }] } }, ""],
    [{ serviceConfig: { healthCheckConfig: {} }, balancing: "round_robin" }, undefined],
    [{ serviceConfig: { healthCheckConfig: { serviceName: "x.Y" } } }, undefined],
    [{ serviceConfig: { healthCheckConfig: { serviceName: "x.Y" } }, balancing: "round_robin", healthCheck: false }, undefined],
    [{ serviceConfig: { healthCheckConfig: { serviceName: "x.Y" } }, balancing: "round_robin", healthCheck: {} }, ""],
  ])("%j watches %j", async (given, watched) => {
    const net = shop("a");
    using channel = net.channel("shop:1", given);
    const [a] = await connected(net, channel, "a:1");
    expect(a?.watches.map(({ service }) => service)).toEqual(watched === undefined ? [] : [watched]);
  });
});

describe("with servers", () => {
  async function twoServers(healthCheck: ChannelOptions["healthCheck"]) {
    const answers = { a: 0, b: 0 };
    const start = (name: keyof typeof answers) => startServer({ unary: () => ({ text: `${name}${++answers[name]}` }) });
    const [a, b] = await Promise.all([start("a"), start("b")]);
    const channel = createChannel(`ipv4:${a.address},${b.address}`, { balancing: "round_robin", healthCheck });
    const client = createClient(TestService, channel);
    const servers = async () => {
      const texts = await Promise.all(Array.from({ length: 6 }, () => client.unary({}, { waitForReady: true })));
      return [...new Set(texts.map(({ text }) => text.charAt(0)))].sort().join("");
    };
    return { a: a.server, b: b.server, channel, client, servers };
  }

  test("a service that changes its health leaves and joins the rotation, without a failed call", async () => {
    const { a, b, channel, servers } = await twoServers({ service: "test.v1.TestService" });
    using _ = channel;
    await eventually(async () => expect(await servers()).toBe("ab"));
    a.health.set("test.v1.TestService", "NOT_SERVING");
    await eventually(async () => expect(await servers()).toBe("b"));
    a.health.set("test.v1.TestService", "SERVING");
    b.health.set("test.v1.TestService", "NOT_SERVING");
    await eventually(async () => expect(await servers()).toBe("a"));
    // The open watches do not delay a shutdown.
    expect(await a.shutdown({ graceMs: 60_000 })).toEqual({ cut: [] });
  });

  test("a server without the health service gets calls", async () => {
    const server = createServer({ health: false });
    const { address } = await server.listen("127.0.0.1:0");
    using channel = createChannel(address, { balancing: "round_robin", healthCheck: {} });
    await channel.connect();
    expect(channel.state).toBe("ready");
    await server.shutdown();
  });

  test("the watch leaves the connection alone that it keeps open: the channel becomes idle", async () => {
    const { server, address } = await startServer({});
    using channel = createChannel(address, { balancing: "round_robin", healthCheck: {}, idleTimeoutMs: 100 });
    await channel.connect();
    await until(() => channel.state === "idle");
    expect(await server.shutdown({ graceMs: 60_000 })).toEqual({ cut: [] });
  });

  test("an open watch does not keep the process alive", async () => {
    const { address } = await startServer({});
    const script = `
      import { createChannel } from ${JSON.stringify(new URL("create-channel.ts", import.meta.url).href)};
      const channel = createChannel(${JSON.stringify(address)}, { balancing: "round_robin", healthCheck: {} });
      await channel.connect();
      console.log(channel.state);
    `;
    const child = spawn(process.execPath, ["--conditions=@grpc-study/source", "--input-type=module", "--eval", script]);
    onTestFinished(() => void child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    const [code] = await once(child, "close", { signal: AbortSignal.timeout(15_000) });
    expect({ code, output }).toEqual({ code: 0, output: "ready\n" });
  });
});
