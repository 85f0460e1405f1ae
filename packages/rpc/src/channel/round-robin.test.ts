// round_robin: calls go to all addresses in turn.
import { expect, test } from "vitest";
import { eventually } from "../../test/eventually.ts";
import { FakeCall, FakeNetwork } from "../../test/fake-network.ts";
import { Code } from "../protocol/code.ts";
import type { Channel } from "../transport/client.ts";

function shop(...hosts: string[]): FakeNetwork {
  const net = new FakeNetwork();
  for (const host of hosts) net.peers.set(`${host}:1`, "up");
  net.names.set("shop", hosts);
  return net;
}

const options = { balancing: "round_robin", dnsRefreshMs: 20, backoff: { initialMs: 30, maxMs: 60 } } as const;

/** Opens calls and counts them by peer. */
function spread(channel: Channel, calls: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < calls; i++) {
    const { peer = "nowhere" } = new FakeCall(channel).stream;
    counts[peer] = (counts[peer] ?? 0) + 1;
  }
  return counts;
}

test("three addresses share the calls evenly, and a lost one gets none until it is back", async () => {
  const net = shop("a", "b", "c");
  using channel = net.channel("shop:1", options);
  await channel.connect();
  await eventually(() => expect(net.open).toHaveLength(3));
  expect(spread(channel, 30)).toEqual({ "a:1": 10, "b:1": 10, "c:1": 10 });
  net.peers.set("b:1", "refused");
  net.to("b:1")[0]?.lose();
  expect(channel.state).toBe("ready");
  expect(spread(channel, 30)).toEqual({ "a:1": 15, "c:1": 15 });
  net.peers.set("b:1", "up");
  await eventually(() => expect(net.to("b:1")).toHaveLength(1));
  expect(spread(channel, 30)).toEqual({ "a:1": 10, "b:1": 10, "c:1": 10 });
});

test("a new address of the name receives calls, and a removed one is drained", async () => {
  const net = shop("a", "b");
  using channel = net.channel("shop:1", options);
  await channel.connect();
  await eventually(() => expect(net.open).toHaveLength(2));
  spread(channel, 2);
  net.peers.set("c:1", "up");
  net.names.set("shop", ["b", "c"]);
  await eventually(() => expect(net.to("c:1")).toHaveLength(1));
  const [a] = net.connections.filter(({ peer }) => peer === "a:1");
  expect(a).toMatchObject({ closed: true, calls: 1 });
  expect(spread(channel, 20)).toEqual({ "b:1": 10, "c:1": 10 });
});

test("a connection at its limit is skipped, and calls wait once all are at their limit", async () => {
  const net = shop("a", "b");
  net.limit = 2;
  using channel = net.channel("shop:1", options);
  await channel.connect();
  await eventually(() => expect(net.open).toHaveLength(2));
  expect(spread(channel, 5)).toEqual({ "a:1": 2, "b:1": 2, nowhere: 1 });
  net.to("b:1")[0]?.streams[0]?.end();
  expect(net.to("b:1")[0]?.streams).toHaveLength(3);
});

test("calls fail once all addresses have failed", async () => {
  const net = shop("a", "b");
  net.peers.set("a:1", "refused").set("b:1", "silent");
  using channel = net.channel("shop:1", { ...options, connectTimeoutMs: 500 });
  const call = new FakeCall(channel);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(call.status).toBeUndefined();
  expect(await call.ended).toMatchObject({ code: Code.UNAVAILABLE });
  await eventually(() => expect(channel.state).toBe("failed"));
  net.peers.set("b:1", "up");
  // An attempt to the address may take longer than the wait of one connect().
  await eventually(() => channel.connect());
  expect(spread(channel, 2)).toEqual({ "b:1": 2 });
});

test("a failure triggers a name resolution, at most once a second", async () => {
  const net = shop("a");
  using channel = net.channel("shop:1", { ...options, dnsRefreshMs: 60_000 });
  await channel.connect();
  expect(net.lookups).toHaveLength(1);
  net.peers.set("a:1", "refused").set("b:1", "up");
  net.names.set("shop", ["b"]);
  net.to("a:1")[0]?.lose();
  await eventually(() => expect(net.to("b:1")).toHaveLength(1));
  expect(net.lookups).toHaveLength(2);
});

test("an idle channel closes all connections, and restores them when it connects", async () => {
  const net = shop("a", "b");
  using channel = net.channel("shop:1", { ...options, idleTimeoutMs: 60 });
  await channel.connect();
  await eventually(() => expect(channel.state).toBe("idle"));
  expect(net.open).toHaveLength(0);
  const { length } = net.lookups;
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(net.lookups).toHaveLength(length);
  const dialed = net.dials.length;
  await channel.connect();
  // Not `net.open`: the channel may be idle again by then.
  await eventually(() => expect(net.dials.slice(dialed).map(({ to }) => to)).toEqual(["a:1", "b:1"]));
});
