// Calls of a channel, and the connections that it makes for them, on a network in memory.
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../test/eventually.ts";
import { FakeCall, FakeNetwork } from "../../test/fake-network.ts";
import { Code } from "../protocol/code.ts";
import { openChannel } from "./open-channel.ts";
import { readOptions } from "./options.ts";

const fast = { initialMs: 20, maxMs: 50 };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function network(peers: Readonly<Record<string, "up" | "refused" | "silent">> = { "a:1": "up" }): FakeNetwork {
  const made = new FakeNetwork();
  for (const [name, behaviour] of Object.entries(peers)) {
    made.peers.set(name, behaviour);
    const host = name.replace(/:\d+$/, "");
    made.names.set(host, [host]);
  }
  return made;
}

test("a call connects, and the next one uses the same connection", async () => {
  const net = network();
  using channel = net.channel("a:1");
  expect(channel).toMatchObject({ target: "a:1", state: "idle", secure: false });
  const first = new FakeCall(channel);
  expect(channel.state).toBe("connecting");
  await eventually(() => expect(net.connections[0]?.calls).toBe(1));
  expect(channel.state).toBe("ready");
  expect(first.stream.peer).toBe("a:1");
  const second = new FakeCall(channel);
  for (const each of net.connections[0]?.running ?? []) each.end();
  expect((await first.ended).code).toBe(Code.OK);
  expect((await second.ended).code).toBe(Code.OK);
  expect(net.connections).toHaveLength(1);
});

test("the requests and pulls of a waiting call are kept in order, and onDrain follows", async () => {
  const net = network();
  using channel = net.channel("a:1");
  const call = new FakeCall(channel, { request: undefined });
  expect(call.stream.send(Buffer.from("1"), false)).toBe(false);
  expect(call.stream.send(Buffer.from("2"), false)).toBe(false);
  call.stream.pull();
  call.stream.pull();
  await eventually(() => expect(call.drains).toBe(1));
  call.stream.send(Buffer.from("3"), false);
  call.stream.halfClose();
  expect(net.connections[0]?.streams[0]).toMatchObject({ sent: ["1", "2", "3"], pulls: 2, halfClosed: true });
});

test("a call fails with the reason as soon as the attempt fails, and so does a later call", async () => {
  const net = network({ "a:1": "refused" });
  using channel = net.channel("a:1");
  const failure = { code: Code.UNAVAILABLE, message: "cannot connect to a:1: a:1 refuses" };
  expect(await new FakeCall(channel).ended).toMatchObject(failure);
  expect(channel.state).toBe("failed");
  expect(await new FakeCall(channel).ended).toMatchObject(failure);
  expect(net.dials).toHaveLength(1);
});

test("a program that retries in a loop leaves the channel time to connect", async () => {
  const net = network({ "a:1": "refused" });
  using channel = net.channel("a:1", { backoff: fast });
  const answers = setInterval(() => {
    net.peers.set("a:1", "up");
    net.connections[0]?.running[0]?.end();
  }, 20);
  onTestFinished(() => clearInterval(answers));
  let code: Code = Code.UNAVAILABLE;
  let calls = 0;
  for (; code === Code.UNAVAILABLE && calls < 1_000_000; calls++) ({ code } = await new FakeCall(channel).ended);
  expect(code).toBe(Code.OK);
  expect(calls).toBeGreaterThan(1);
});

test("a call with waitForReady waits for the server beyond connectTimeoutMs", async () => {
  const net = network({ "a:1": "refused" });
  using channel = net.channel("a:1", { backoff: fast, connectTimeoutMs: 30 });
  const call = new FakeCall(channel, { waitForReady: true });
  await pause(120);
  expect(call.status).toBeUndefined();
  net.peers.set("a:1", "up");
  await eventually(() => expect(net.connections[0]?.calls).toBe(1));
});

test("the error names name resolution if that takes longer than connectTimeoutMs", async () => {
  const net = network({});
  using channel = openChannel("slow:1", readOptions("x", { connectTimeoutMs: 50 }), {
    ...net.dependencies,
    lookup: () => new Promise<never>(() => {}),
  });
  const message = "no connection to slow:1 within 50 ms, waiting for name resolution";
  expect(await new FakeCall(channel).ended).toMatchObject({ code: Code.UNAVAILABLE, message });
  await expect(channel.connect()).rejects.toMatchObject({ code: Code.UNAVAILABLE, message });
});

test("a call fails after connectTimeoutMs, and the attempt to a silent server is aborted", async () => {
  const net = network({ "a:1": "silent" });
  using channel = net.channel("a:1", { connectTimeoutMs: 50, backoff: fast });
  const began = performance.now();
  expect(await new FakeCall(channel).ended).toMatchObject({ code: Code.UNAVAILABLE, message: "no connection to a:1 within 50 ms" });
  expect(performance.now() - began).toBeGreaterThan(45);
  const patient = new FakeCall(channel, { waitForReady: true });
  net.peers.set("a:1", "up");
  await eventually(() => expect(net.connections[0]?.calls).toBe(1));
  net.connections[0]?.streams[0]?.end();
  expect((await patient.ended).code).toBe(Code.OK);
});

test("a call that is cancelled while it waits is never opened", async () => {
  const net = network();
  using channel = net.channel("a:1");
  const gone = new FakeCall(channel);
  const stays = new FakeCall(channel);
  gone.stream.cancel(Code.CANCELLED, "no");
  await eventually(() => expect(net.connections[0]?.calls).toBe(1));
  net.connections[0]?.streams[0]?.end();
  await stays.ended;
  await pause(5);
  expect(gone.status).toBeUndefined();
});

test("calls beyond the peer's limit wait in order, without a time limit", async () => {
  const net = network();
  net.limit = 10;
  using channel = net.channel("a:1", { connectTimeoutMs: 200 });
  const calls = Array.from({ length: 200 }, (_, i) => new FakeCall(channel, { request: String(i) }));
  const ended: number[] = [];
  for (const [i, call] of calls.entries()) void call.ended.then(() => ended.push(i));
  await eventually(() => expect(net.connections[0]?.calls).toBe(10));
  await pause(250);
  expect(ended).toEqual([]);
  calls[15]?.stream.cancel(Code.CANCELLED, "no");
  const [connection] = net.connections;
  while (connection !== undefined && connection.running.length > 0) {
    expect(connection.calls).toBeLessThanOrEqual(10);
    connection.running[0]?.end();
  }
  const order = connection?.streams.map(({ call }) => Number(call.request));
  expect(order).toEqual(calls.map((_, i) => i).filter((i) => i !== 15));
  await eventually(() => expect(ended).toHaveLength(199));
  expect(net.connections).toHaveLength(1);
});

test("a new call does not overtake waiting calls", async () => {
  const net = network();
  net.limit = 1;
  using channel = net.channel("a:1");
  await channel.connect();
  for (const request of ["1", "2", "3"]) new FakeCall(channel, { request });
  const [connection] = net.connections;
  connection?.running[0]?.end();
  new FakeCall(channel, { request: "4" });
  while (connection !== undefined && connection.running.length > 0) connection.running[0]?.end();
  expect(connection?.streams.map(({ call }) => String(call.request))).toEqual(["1", "2", "3", "4"]);
});

test("connect() waits through back-offs, and rejects with the last failure", async () => {
  const net = network({ "a:1": "refused" });
  using channel = net.channel("a:1", { backoff: fast, connectTimeoutMs: 400 });
  await expect(channel.connect()).rejects.toMatchObject({ code: Code.UNAVAILABLE, message: "cannot connect to a:1: a:1 refuses" });
  expect(net.dials.length).toBeGreaterThan(1);
  const connected = channel.connect();
  net.peers.set("a:1", "up");
  await connected;
  expect(channel.state).toBe("ready");
});

test("the back-off between attempts grows, with jitter", async () => {
  const net = network({ "a:1": "refused" });
  using channel = net.channel("a:1", { backoff: { initialMs: 50, factor: 2, jitter: 0.2 } });
  const call = new FakeCall(channel, { waitForReady: true });
  await eventually(() => expect(net.dials.length).toBeGreaterThan(3));
  call.stream.cancel(Code.CANCELLED, "enough");
  const gaps = net.dials.slice(1).map(({ atMs }, i) => atMs - (net.dials[i]?.atMs ?? 0));
  for (const [i, gap] of gaps.slice(0, 3).entries()) expect(gap).toBeGreaterThan(50 * 2 ** i * 0.8 - 2);
});

test("a call to a host without an address fails with UNAVAILABLE", async () => {
  const net = network({});
  using channel = net.channel("nowhere:1", { backoff: fast });
  expect(await new FakeCall(channel).ended).toMatchObject({ code: Code.UNAVAILABLE, message: "cannot connect to nowhere:1: no such host" });
  net.names.set("nowhere", ["1.1.1.1"]);
  net.peers.set("1.1.1.1:1", "up");
  await channel.connect();
});

test("after GOAWAY, the running call finishes there, and the channel reconnects at once for new calls", async () => {
  const net = network();
  using channel = net.channel("a:1");
  const first = new FakeCall(channel);
  await eventually(() => expect(net.connections).toHaveLength(1));
  net.connections[0]?.goaway();
  await eventually(() => expect(net.connections).toHaveLength(2));
  const second = new FakeCall(channel);
  expect(net.connections[1]?.calls).toBe(1);
  for (const { streams } of net.connections) streams[0]?.end();
  expect((await first.ended).code).toBe(Code.OK);
  expect((await second.ended).code).toBe(Code.OK);
});

test("the next call replaces a lost connection without calls", async () => {
  const net = network();
  using channel = net.channel("a:1");
  await channel.connect();
  net.connections[0]?.lose();
  expect(channel.state).toBe("idle");
  await pause(20);
  expect(net.dials).toHaveLength(1);
  new FakeCall(channel);
  await eventually(() => expect(net.connections[1]?.calls).toBe(1));
});

test("the channel backs off from a server that loses each connection at once", async () => {
  const net = network();
  using channel = net.channel("a:1", { backoff: { initialMs: 100 } });
  const began = performance.now();
  while (performance.now() - began < 400) {
    new FakeCall(channel, { waitForReady: true });
    for (const connection of net.open) if (connection.calls > 0) connection.lose();
    await pause(2);
  }
  expect(net.dials.length).toBeGreaterThan(2);
  expect(net.dials.length).toBeLessThan(7);
});

test.each(["after", "before"])("a server that closes each connection soon %s its response causes no back-off", async (when) => {
  const net = network();
  using channel = net.channel("a:1", { backoff: { initialMs: 60_000 }, connectTimeoutMs: 5_000 });
  for (let i = 0; i < 5; i++) {
    const call = new FakeCall(channel);
    await eventually(() => expect(net.connections[i]?.calls).toBe(1));
    const [stream] = net.connections[i]?.running ?? [];
    if (when === "before") net.connections[i]?.goaway();
    stream?.end();
    expect((await call.ended).code).toBe(Code.OK);
    if (when === "after") net.connections[i]?.goaway();
  }
});

test("an idle channel closes its connection, and reconnects for the next call", async () => {
  const net = network();
  using channel = net.channel("a:1", { idleTimeoutMs: 80 });
  const call = new FakeCall(channel);
  await pause(200);
  expect(channel.state).toBe("ready");
  net.connections[0]?.streams[0]?.end();
  await call.ended;
  await eventually(() => expect(channel.state).toBe("idle"));
  expect(net.connections[0]?.closed).toBe(true);
  new FakeCall(channel);
  await eventually(() => expect(net.connections[1]?.calls).toBe(1));
});

test("after close(), running and waiting calls continue, and new calls and connect() fail", async () => {
  const net = network();
  net.limit = 1;
  const channel = net.channel("a:1");
  const runs = new FakeCall(channel);
  await eventually(() => expect(net.connections[0]?.calls).toBe(1));
  const waits = new FakeCall(channel);
  channel.close();
  channel.close();
  expect(channel.state).toBe("closed");
  expect(await new FakeCall(channel).ended).toMatchObject({ code: Code.CANCELLED, message: "the channel to a:1 is closed" });
  await expect(channel.connect()).rejects.toMatchObject({ code: Code.CANCELLED, message: "the channel to a:1 is closed" });
  expect(net.connections[0]?.closed).toBe(false);
  net.connections[0]?.streams[0]?.end();
  expect((await runs.ended).code).toBe(Code.OK);
  expect(net.connections[0]?.closed).toBe(true);
  net.connections[0]?.streams[1]?.end();
  expect((await waits.ended).code).toBe(Code.OK);
});

test("close() rejects a pending connect()", async () => {
  const net = network({ "a:1": "silent" });
  const channel = net.channel("a:1");
  const connected = channel.connect();
  channel.close();
  await expect(connected).rejects.toMatchObject({ code: Code.CANCELLED, message: "the channel to a:1 is closed" });
});

test("onStateChange receives each state until the channel is closed", async () => {
  const net = network({ "a:1": "refused" });
  const states: [string, string | undefined][] = [];
  const channel = net.channel("a:1", { backoff: fast, onStateChange: (state, failure) => states.push([state, failure?.message]) });
  using other = net.channel("a:1", { backoff: fast });
  await new FakeCall(channel).ended;
  net.peers.set("a:1", "up");
  await channel.connect();
  net.connections[0]?.lose();
  await pause(1);
  expect(states).toEqual([
    ["connecting", undefined],
    ["failed", "cannot connect to a:1: a:1 refuses"],
    ["ready", undefined],
    ["idle", undefined],
  ]);
  channel.close();
  await other.connect();
  expect(states).toHaveLength(4);
});

test("an IP address is not resolved", async () => {
  const net = network({ "10.0.0.1:1": "up" });
  using channel = net.channel("10.0.0.1:1");
  await channel.connect();
  expect(net.lookups).toEqual([]);
  expect(channel.target).toBe("10.0.0.1:1");
});

test.each(["a:1", "10.0.0.1:1"])("%s: a retry after close() gets a connection, which closes after the call", async (target) => {
  const net = network({ [target]: "up" });
  const channel = net.channel(target, { retry: { codes: ["UNAVAILABLE"], initialBackoffMs: 10 } });
  const call = new FakeCall(channel);
  await eventually(() => expect(net.connections[0]?.calls).toBe(1));
  channel.close();
  expect(net.connections[0]?.closed).toBe(true);
  net.connections[0]?.streams[0]?.end(Code.UNAVAILABLE, "try again");
  await eventually(() => expect(net.connections[1]?.calls).toBe(1));
  expect(net.connections[1]?.closed).toBe(true);
  net.connections[1]?.streams[0]?.end();
  expect((await call.ended).code).toBe(Code.OK);
});
