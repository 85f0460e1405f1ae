// A server releases all resources of a client that vanishes.
import { Greeter } from "@grpc-study/proto/push";
import { createClient } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { client, startClient } from "../harness/client.ts";
import { probed, resourcesOf } from "../harness/resources.ts";
import { serve } from "../harness/server.ts";
import { until } from "../harness/until.ts";

const timers = async (server: Parameters<typeof resourcesOf>[0]) => (await resourcesOf(server))["Timeout"] ?? 0;

test.each(["get", "all"])("the server releases the timers and sockets of a client that is killed during push %s", async (call) => {
  await using server = await serve("push", probed);
  // Make a first call, because it sets up resources that stay.
  await client(["push", "put", "--count", "1", "--interval", "1", "--addr", server.address]);
  await until(async () => (await resourcesOf(server))["TCPSocketWrap"] === undefined);
  const before = await resourcesOf(server);

  await using pushing = startClient(["push", call, "--addr", server.address]);
  await pushing.stdout.count(2);
  expect(await timers(server), "the open call has a timer").toBeGreaterThan(before["Timeout"] ?? 0);

  pushing.kill("SIGKILL");
  await server.logged(({ method, status }) => method !== "/Greeter/PutStream" && status === "CANCELLED");
  await until(async () => JSON.stringify(await resourcesOf(server)) === JSON.stringify(before));
});

test("the server releases the timers of a cancelled call while the connection stays open", async () => {
  await using server = await serve("push", probed);
  using pushing = createClient(Greeter, server.address);
  await pushing.putStream([]);
  const before = await timers(server);
  const streams = Array.from({ length: 20 }, () => pushing.allStream());
  for (const stream of streams) await stream.recv();
  expect(await timers(server)).toBeGreaterThanOrEqual(before + streams.length);
  for (const stream of streams) stream.cancel();
  await until(async () => (await timers(server)) <= before);
});

test("a server whose client has vanished exits at once on SIGTERM", async () => {
  await using server = await serve("push");
  await using pushing = startClient(["push", "all", "--addr", server.address]);
  await pushing.stdout.count(1);
  pushing.kill("SIGKILL");
  await server.logged(({ status }) => status === "CANCELLED");
  const start = performance.now();
  await server.stop();
  expect(performance.now() - start).toBeLessThan(3_000);
});
