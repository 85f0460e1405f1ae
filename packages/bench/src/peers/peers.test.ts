// Checks each server and client of the groups `server`, `client`, `memory` and `start` for correct
// responses. Timing does not matter.
import { expect, test } from "vitest";
import { makeCertificates } from "../groups/certificates.ts";
import { methodNames } from "../messages/calls.ts";
import { start } from "../process/start.ts";
import { buildGrpcGo } from "./grpc-go/build.ts";
import { folders, methodsOf, type NodePeerName, startGrpcGo, startServer } from "./peers.ts";

const timeout = 180_000;
const peers = Object.keys(folders).filter((peer): peer is NodePeerName => peer !== "grpc-go");

test.each(peers)("the server of %s serves the load, with and without TLS", { timeout }, async (peer) => {
  await using driver = await start<null>("load", "load/process.js");
  const certificates = await makeCertificates();
  for (const tls of [null, certificates]) {
    await using stack = new AsyncDisposableStack();
    const { port } = await startServer(stack, peer, tls);
    const target = { port, ca: tls?.ca ?? null };
    await driver.ask("check", { ...target, methods: methodNames });
    for (const method of ["Say", "Chat"]) await driver.ask("calls", { ...target, method, connections: 2, inFlight: 4, milliseconds: 50 });
  }
});

test.each(peers)("the client of %s sends and reads the right messages", { timeout }, async (peer) => {
  await using server = await start<number>("server", "peers/grpc-js/server.js", null);
  await using client = await start<null>("load", "peers/client-process.js", {
    peer: folders[peer],
    target: { port: server.ready, ca: null },
  });
  await client.ask("check");
  await client.ask("throughput", { call: "say", inFlight: 4, milliseconds: 50 });
});

test("the load opens idle streams and a stalled stream, and releases them", { timeout }, async () => {
  await using stack = new AsyncDisposableStack();
  const { port } = await startServer(stack, "rpc", null);
  await using driver = await start<null>("load", "load/process.js");
  await driver.ask("hold", { port, ca: null, streams: 150 });
  await driver.ask("stall", { port, ca: null });
  await driver.ask("release");
});

test("a server without a method fails the load", { timeout }, async () => {
  await using stack = new AsyncDisposableStack();
  const { port } = await startServer(stack, "engine", null);
  await using driver = await start<null>("load", "load/process.js");
  const calls = { ca: null, port, method: "Say", connections: 1, inFlight: 1, milliseconds: 50 };
  await driver.ask("calls", calls);
  await using other = await start<number>("server", "echoes/engine/server.js", null);
  await expect(driver.ask("calls", { ...calls, port: other.ready })).rejects.toThrow("status 404");
});

const go = buildGrpcGo();

test.skipIf(go.program === undefined)(`grpc-go serves the load (${go.reason ?? "it is installed"})`, { timeout }, async () => {
  await using stack = new AsyncDisposableStack();
  const server = await startGrpcGo(stack, go, null);
  await using driver = await start<null>("load", "load/process.js");
  await driver.ask("check", { port: server?.port, ca: null, methods: methodsOf("grpc-go") });
});
