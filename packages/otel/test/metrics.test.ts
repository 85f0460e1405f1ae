// Durations and active calls, by the names of the semantic conventions and of gRFC A66.
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { SpanKind } from "@opentelemetry/api";
import type { Histogram } from "@opentelemetry/sdk-metrics";
import { describe, expect, test } from "vitest";
import { clientTelemetry } from "../src/index.ts";
import { grpcSeconds, rpcSeconds, sizeBytes } from "../src/names.ts";
import { MessageSchema } from "./gen/echo/v1/echo_pb.js";
import { EchoService, everyWay, handlersOf, kinds, methodOf, start, until } from "./harness.ts";
import { type Point, registerSdk } from "./sdk.ts";

function named(points: readonly Point[], name: string): Point[] {
  return points.filter((point) => point.name === name);
}

function histogramOf(points: readonly Point[], name: string): Histogram {
  const [point] = named(points, name);
  if (point === undefined) throw new Error(`there is no ${name}`);
  return point.value as Histogram;
}

const forever = () => new Promise<string>(() => {});

describe.each(everyWay)("$kind over $transport", ({ transport, kind }) => {
  test("a call that succeeds is measured on both sides", async () => {
    const sdk = registerSdk();
    const { client } = await start(
      transport,
      handlersOf(() => new Promise((resolve) => setTimeout(() => resolve("x"), 60))),
    );
    await kinds[kind](client);
    await until(() => sdk.spans.length === 2);
    const points = await sdk.points();
    for (const side of ["client", "server"]) {
      const histogram = histogramOf(points, `rpc.${side}.call.duration`);
      expect(histogram.count).toBe(1);
      expect(histogram.sum).toBeGreaterThan(0.05);
      expect(histogram.sum).toBeLessThan(10);
      expect(histogram.buckets.boundaries).toEqual(rpcSeconds);
      const [duration] = named(points, `rpc.${side}.call.duration`);
      expect(duration?.unit).toBe("s");
      expect(duration?.attributes).toMatchObject({
        "rpc.system.name": "grpc",
        "rpc.method": methodOf(kind),
        "rpc.status_code": "OK",
      });
      expect(duration?.attributes).not.toHaveProperty("error.type");
      expect(named(points, `rpc.${side}.active_calls`).map(({ value }) => value)).toEqual([0]);
    }
  });

  test("a running call is active, and a cancelled one is not", async () => {
    const sdk = registerSdk();
    const controller = new AbortController();
    let running = false;
    const { client } = await start(
      transport,
      handlersOf(() => {
        running = true;
        return forever();
      }),
    );
    const call = kinds[kind](client, { signal: controller.signal });
    await until(() => running);
    const during = await sdk.points();
    for (const side of ["client", "server"]) expect(named(during, `rpc.${side}.active_calls`).map(({ value }) => value)).toEqual([1]);
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: Code.CANCELLED });
    await until(() => sdk.spans.length === 2);
    const after = await sdk.points();
    for (const side of ["client", "server"]) {
      expect(named(after, `rpc.${side}.active_calls`).map(({ value }) => value)).toEqual([0]);
      const [duration] = named(after, `rpc.${side}.call.duration`);
      expect(duration?.attributes).toMatchObject({ "rpc.status_code": "CANCELLED" });
      expect(duration?.attributes["error.type"]).toBe(side === "client" ? "CANCELLED" : undefined);
    }
  });
});

test("gRFC A66 has its own names, attributes and buckets", async () => {
  const sdk = registerSdk();
  const { client: caller, channel } = await start(
    "http2",
    handlersOf(() => {
      throw new RpcError(Code.NOT_FOUND, "no");
    }),
    { server: { metrics: ["grpc"] }, client: { metrics: ["grpc"] } },
  );
  await expect(caller.unary({})).rejects.toThrow();
  await until(() => sdk.spans.length === 2);
  const points = await sdk.points();
  const method = methodOf("unary");
  expect(points.map(({ name, attributes, unit }) => ({ name, attributes, unit }))).toEqual(
    expect.arrayContaining([
      { name: "grpc.server.call.started", unit: "{call}", attributes: { "grpc.method": method } },
      { name: "grpc.server.call.duration", unit: "s", attributes: { "grpc.method": method, "grpc.status": "NOT_FOUND" } },
      {
        name: "grpc.client.call.duration",
        unit: "s",
        attributes: { "grpc.method": method, "grpc.status": "NOT_FOUND", "grpc.target": `dns:///${channel.target}` },
      },
    ]),
  );
  const client = { "grpc.method": method, "grpc.target": `dns:///${channel.target}` };
  expect(named(points, "grpc.client.attempt.started")).toMatchObject([{ unit: "{attempt}", attributes: client, value: 1 }]);
  expect(named(points, "grpc.client.attempt.duration")).toMatchObject([
    { unit: "s", attributes: { ...client, "grpc.status": "NOT_FOUND" }, value: { count: 1 } },
  ]);
  expect(points.length).toBe(9);
  expect(histogramOf(points, "grpc.client.call.duration").buckets.boundaries).toEqual(grpcSeconds);
});

test("both sets of names, or none", async () => {
  const sdk = registerSdk();
  const { client } = await start("http2", { unary: () => ({}) }, { server: { metrics: ["rpc", "grpc"] }, client: { metrics: [] } });
  await client.unary({});
  await until(() => sdk.spans.length === 2);
  expect((await sdk.points()).map(({ name }) => name).sort()).toEqual([
    "grpc.server.call.duration",
    "grpc.server.call.rcvd_total_compressed_message_size",
    "grpc.server.call.sent_total_compressed_message_size",
    "grpc.server.call.started",
    "rpc.server.active_calls",
    "rpc.server.call.duration",
  ]);
});

test.each(["http2", "in process"] as const)("%s: calls to methods that the server does not have are _OTHER", async (transport) => {
  const sdk = registerSdk();
  const { channel } = await start(transport, { unary: () => ({}) }, { server: { metrics: ["rpc", "grpc"], requestMetadata: ["m"] } });
  const interceptors = [clientTelemetry({ metrics: [] })];
  for (let i = 0; i < 20; i++) {
    const made = { ...EchoService.method.unary, name: `Made${i}` };
    const service = { ...EchoService, methods: [made], method: { ...EchoService.method, unary: made } };
    const client = createClient(service as typeof EchoService, channel, { interceptors });
    await expect(client.unary({}, { metadata: { m: "x" } })).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  }
  await until(() => sdk.spans.length === 40);
  const servers = sdk.spans.filter(({ kind }) => kind === SpanKind.SERVER);
  const [first] = servers;
  const [caller] = sdk.spans.filter(({ kind }) => kind === SpanKind.CLIENT);
  expect(servers.map(({ name }) => name)).toEqual(Array.from({ length: 20 }, () => "grpc"));
  expect(first?.attributes).toMatchObject({
    "rpc.system.name": "grpc",
    "rpc.method": "_OTHER",
    "rpc.method_original": "echo.v1.EchoService/Made0",
    "rpc.status_code": "UNIMPLEMENTED",
    "error.type": "UNIMPLEMENTED",
    "rpc.request.metadata.m": ["x"],
  });
  expect(first?.parentSpanContext?.spanId).toBe(caller?.spanContext().spanId);
  const points = await sdk.points();
  expect(JSON.stringify(points)).not.toContain("Made");
  expect(named(points, "rpc.server.call.duration")).toMatchObject([
    { attributes: { "rpc.method": "_OTHER", "rpc.status_code": "UNIMPLEMENTED" }, value: { count: 20 } },
  ]);
  expect(named(points, "rpc.server.active_calls").map(({ value }) => value)).toEqual([0]);
  expect(named(points, "grpc.server.call.started")).toMatchObject([{ attributes: { "grpc.method": "other" }, value: 20 }]);
});

const long = "compressible ".repeat(50);
const longBytes = toBinary(MessageSchema, create(MessageSchema, { text: long }));

test.each(everyWay)("gRFC A66, $kind over $transport: the total sizes on the wire", async ({ transport, kind }) => {
  const sdk = registerSdk();
  const compressed = transport === "http2";
  const { client } = await start(
    transport,
    handlersOf(() => long),
    { server: { metrics: ["grpc"] }, client: { metrics: ["grpc"] } },
    compressed ? { compression: "gzip" } : {},
  );
  await kinds[kind](client, compressed ? { compression: "gzip" } : {});
  await until(() => sdk.spans.length === 2);
  const points = await sdk.points();
  const sums = (side: "client.attempt" | "server.call", direction: "sent" | "rcvd") =>
    named(points, `grpc.${side}.${direction}_total_compressed_message_size`).map(({ unit, value, attributes }) => {
      expect({ unit, status: attributes["grpc.status"], method: attributes["grpc.method"] }).toEqual({
        unit: "By",
        status: "OK",
        method: methodOf(kind),
      });
      const { count, sum, buckets } = value as Histogram;
      expect(buckets.boundaries).toEqual(sizeBytes);
      return { count, sum };
    });
  // A field takes two bytes beside its text, which gzip does not make smaller.
  const requests = 3 * (kind === "clientStream" || kind === "bidiStream" ? 2 : 1);
  const responses =
    (kind === "serverStream" || kind === "bidiStream" ? 2 : 1) * (compressed ? gzipSync(longBytes).length : longBytes.length);
  // grpc-js reports only the sizes of its server's responses.
  const known = transport !== "grpc-js";
  expect(sums("client.attempt", "sent")).toEqual(known ? [{ count: 1, sum: requests }] : []);
  expect(sums("client.attempt", "rcvd")).toEqual(known ? [{ count: 1, sum: responses }] : []);
  expect(sums("server.call", "rcvd")).toEqual(known ? [{ count: 1, sum: requests }] : []);
  expect(sums("server.call", "sent")).toEqual([{ count: 1, sum: responses }]);
});

test.each(["http2", "in process", "grpc-js"] as const)("gRFC A66 over %s: the sizes of a call that fails", async (transport) => {
  const sdk = registerSdk();
  const metrics = { metrics: ["grpc"] } as const;
  const { client } = await start(
    transport,
    handlersOf(() => Promise.reject(new RpcError(Code.NOT_FOUND, "no"))),
    {
      server: metrics,
      client: metrics,
    },
  );
  await expect(client.unary({ text: "x" })).rejects.toThrow();
  await until(() => sdk.spans.length === 2);
  const points = await sdk.points();
  const sums = (name: string) =>
    named(points, `${name}_total_compressed_message_size`).map(({ value }) => {
      const { count, sum } = value as Histogram;
      return { count, sum };
    });
  // Zero bytes of a transport that does not know the size of any message would be the only value.
  const known = transport !== "grpc-js";
  expect(sums("grpc.client.attempt.sent")).toEqual(known ? [{ count: 1, sum: 3 }] : []);
  expect(sums("grpc.client.attempt.rcvd")).toEqual(known ? [{ count: 1, sum: 0 }] : []);
  expect(sums("grpc.server.call.rcvd")).toEqual(known ? [{ count: 1, sum: 3 }] : []);
  expect(sums("grpc.server.call.sent")).toEqual([{ count: 1, sum: 0 }]);
});

test("an SDK that is registered later is used", async () => {
  const { channel } = await start("http2", { unary: () => ({}) });
  const client = createClient(EchoService, channel, { interceptors: [clientTelemetry()] });
  await client.unary({});
  const sdk = registerSdk();
  await client.unary({});
  await until(() => sdk.spans.length === 2);
  expect(histogramOf(await sdk.points(), "rpc.server.call.duration").count).toBe(1);
});
