import { expect, test } from "vitest";
import { addPeer, serverAttributes } from "./address.ts";

// The examples of https://opentelemetry.io/docs/specs/semconv/rpc/grpc/, and the targets of a channel.
test.each([
  ["grpc.io:50051", "grpc.io", 50051],
  ["dns://1.2.3.4/grpc.io:50051", "grpc.io", 50051],
  ["dns:///grpc.io:50051", "grpc.io", 50051],
  ["dns:grpc.io:50051", "grpc.io", 50051],
  ["grpc.io", "grpc.io", undefined],
  ["[::1]:50051", "::1", 50051],
  ["unix:///run/containerd/containerd.sock", "/run/containerd/containerd.sock", undefined],
  ["unix:/run/a.sock", "/run/a.sock", undefined],
  ["unix:a.sock", "a.sock", undefined],
  ["zk://zookeeper:2181/my-server", "zk://zookeeper:2181/my-server", undefined],
  ["ipv4:198.51.100.123:50051,198.51.100.124:50051", "ipv4:198.51.100.123:50051,198.51.100.124:50051", undefined],
  ["in-process", "in-process", undefined],
])("the server of %s", (target, address, port) => {
  expect(serverAttributes(target)).toEqual({ "server.address": address, ...(port !== undefined && { "server.port": port }) });
});

test.each([
  ["127.0.0.1:4242", { "network.peer.address": "127.0.0.1", "network.peer.port": 4242 }],
  ["[::1]:4242", { "network.peer.address": "::1", "network.peer.port": 4242 }],
  ["unix:/run/a.sock", { "network.peer.address": "/run/a.sock" }],
  ["unix:", {}],
  ["in-process", {}],
  ["unknown", {}],
])("the peer %s", (peer, expected) => {
  const attributes = {};
  addPeer(attributes, peer);
  expect(attributes).toEqual(expected);
});
