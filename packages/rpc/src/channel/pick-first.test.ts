// pick_first: all calls go to the first address that accepts a connection.
import { expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../../test/eventually.ts";
import { FakeCall, FakeNetwork } from "../../test/fake-network.ts";
import { interleaved } from "./address-list.ts";

const at = (host: string) => ({ host, port: 1 });

test("address families alternate, starting with that of the first address", () => {
  const hosts = (...list: string[]) => interleaved(list.map(at)).map((address) => "host" in address && address.host);
  expect(hosts("::1", "::2", "::3", "1.1.1.1", "2.2.2.2")).toEqual(["::1", "1.1.1.1", "::2", "2.2.2.2", "::3"]);
  expect(hosts("1.1.1.1", "::1", "2.2.2.2")).toEqual(["1.1.1.1", "::1", "2.2.2.2"]);
  expect(hosts()).toEqual([]);
});

test("the next attempt begins at once after a refused connection, and 250 ms later after a silent address", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const net = new FakeNetwork();
  net.peers.set("1.0.0.1:1", "refused").set("1.0.0.2:1", "silent").set("1.0.0.3:1", "up").set("1.0.0.4:1", "up");
  using channel = net.channel("ipv4:1.0.0.1:1,1.0.0.2:1,1.0.0.3:1,1.0.0.4:1");
  const connected = channel.connect();
  await vi.advanceTimersByTimeAsync(1_000);
  await connected;
  expect(net.dials.map(({ to }) => to)).toEqual(["1.0.0.1:1", "1.0.0.2:1", "1.0.0.3:1"]);
  const [first, second, third] = net.dials.map(({ atMs }) => atMs) as [number, number, number];
  expect(second - first).toBeLessThan(5);
  expect(third - second).toBe(250);
  expect(net.connections.map(({ peer }) => peer)).toEqual(["1.0.0.3:1"]);
});

test("the connection of a slower attempt is closed", async () => {
  const net = new FakeNetwork();
  net.peers.set("1.0.0.1:1", "silent").set("1.0.0.2:1", "up");
  using channel = net.channel("ipv4:1.0.0.1:1,1.0.0.2:1");
  await channel.connect();
  const calls = [new FakeCall(channel), new FakeCall(channel)];
  expect(calls.map(({ stream }) => stream.peer)).toEqual(["1.0.0.2:1", "1.0.0.2:1"]);
  expect(net.open).toHaveLength(1);
});

test("the call fails after one pass in which all addresses refuse", async () => {
  const net = new FakeNetwork();
  using channel = net.channel("ipv4:1.0.0.1:1,1.0.0.2:1");
  expect(await new FakeCall(channel).ended).toMatchObject({ message: expect.stringContaining("1.0.0.2:1 refuses") });
  expect(net.dials).toHaveLength(2);
});

test("the channel keeps a connection while the name resolves to its address, and drains it afterwards", async () => {
  const net = new FakeNetwork();
  for (const host of ["1.0.0.1", "1.0.0.2", "1.0.0.3"]) net.peers.set(`${host}:1`, "up");
  net.names.set("shop", ["1.0.0.1"]);
  using channel = net.channel("shop:1", { dnsRefreshMs: 20 });
  const call = new FakeCall(channel);
  await eventually(() => expect(net.to("1.0.0.1:1")).toHaveLength(1));
  net.names.set("shop", ["1.0.0.2", "1.0.0.1"]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(net.connections).toHaveLength(1);
  net.names.set("shop", ["1.0.0.3"]);
  await eventually(() => expect(net.to("1.0.0.3:1")).toHaveLength(1));
  // The running call continues there.
  expect(net.connections[0]).toMatchObject({ closed: true, calls: 1 });
  net.connections[0]?.streams[0]?.end();
  expect(await call.ended).toMatchObject({ code: 0 });
  expect(new FakeCall(channel).stream.peer).toBe("1.0.0.3:1");
});

test("the channel keeps its connection while name resolution fails", async () => {
  const net = new FakeNetwork();
  net.peers.set("1.0.0.1:1", "up");
  net.names.set("shop", ["1.0.0.1"]);
  using channel = net.channel("shop:1", { dnsRefreshMs: 10 });
  await channel.connect();
  net.names.delete("shop");
  const before = net.lookups.length;
  await eventually(() => expect(net.lookups.length).toBeGreaterThan(before + 2));
  expect(channel.state).toBe("ready");
  net.names.set("shop", []);
  const empty = net.lookups.length;
  await eventually(() => expect(net.lookups.length).toBeGreaterThan(empty + 2));
  expect(channel.state).toBe("ready");
});

test("the order of a name's addresses is irrelevant, and a new address is tried at once", async () => {
  const net = new FakeNetwork();
  net.names.set("shop", ["1.0.0.1", "1.0.0.2"]);
  using channel = net.channel("shop:1", { dnsRefreshMs: 10, backoff: { initialMs: 60_000 } });
  await new FakeCall(channel).ended;
  net.names.set("shop", ["1.0.0.2", "1.0.0.1"]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(net.dials).toHaveLength(2);
  net.peers.set("1.0.0.3:1", "up");
  net.names.set("shop", ["1.0.0.2", "1.0.0.1", "1.0.0.3"]);
  await eventually(() => expect(channel.state).toBe("ready"));
});
