// Channels that share connections, and channels that do not.
import { expect, test } from "vitest";
import { FakeCall, FakeNetwork } from "../../test/fake-network.ts";
import type { ChannelOptions } from "./options.ts";

function network(): FakeNetwork {
  const net = new FakeNetwork();
  net.peers.set("a:1", "up").set("/s", "up");
  net.names.set("a", ["a"]);
  return net;
}

test("channels with equal targets and options share a connection, even with different retries", async () => {
  const net = network();
  const options = () => ({ connectTimeoutMs: 500, limits: { keepaliveTimeMs: 1_000 }, backoff: { jitter: 0 } });
  using one = net.channel("a:1", options());
  using two = net.channel("dns:a:1", { ...options(), tls: undefined });
  using three = net.channel("dns:///a:1", { retry: { codes: ["UNAVAILABLE"] }, ...options(), balancing: "pick_first" });
  await Promise.all([one.connect(), two.connect(), three.connect()]);
  expect(net.connections).toHaveLength(1);
  for (const channel of [one, two, three]) new FakeCall(channel);
  expect(net.connections[0]?.calls).toBe(3);
});

const different: readonly ChannelOptions[] = [
  { pool: false },
  { connectTimeoutMs: 1_000 },
  { balancing: "round_robin" },
  { authority: "b" },
  { limits: { maxReceiveMessageBytes: 1 } },
  { proxy: "http://p" },
  { backoff: { initialMs: 5 } },
];

test.each(different)("a channel with %j has its own connection", async (options) => {
  const net = network();
  using one = net.channel("a:1");
  using two = net.channel("a:1", options);
  await Promise.all([one.connect(), two.connect()]);
  expect(net.connections).toHaveLength(2);
});

test("close() leaves the calls of other channels running, and the last close() closes the connection", async () => {
  const net = network();
  const one = net.channel("unix:/s");
  const two = net.channel("unix:///s");
  await one.connect();
  const call = new FakeCall(two);
  one.close();
  one.close();
  expect(net.connections[0]?.closed).toBe(false);
  expect([one.state, two.state]).toEqual(["closed", "ready"]);
  two.close();
  expect(net.connections[0]).toMatchObject({ closed: true, calls: 1 });
  net.connections[0]?.streams[0]?.end();
  expect(await call.ended).toMatchObject({ code: 0 });
  using three = net.channel("unix:/s");
  await three.connect();
  expect(net.connections).toHaveLength(2);
});
