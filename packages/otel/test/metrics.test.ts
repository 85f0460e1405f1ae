// Durations and active calls, by the names of the semantic conventions and of gRFC A66.
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import type { Histogram } from "@opentelemetry/sdk-metrics";
import { describe, expect, test, vi } from "vitest";
import { gatewayTelemetry } from "../src/gateway.ts";
import { clientTelemetry } from "../src/index.ts";
import { grpcSeconds, rpcSeconds } from "../src/names.ts";
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
  expect(points.length).toBe(5);
  expect(histogramOf(points, "grpc.client.call.duration").buckets.boundaries).toEqual(grpcSeconds);
});

test("both sets of names, or none", async () => {
  const sdk = registerSdk();
  const { client } = await start("http2", { unary: () => ({}) }, { server: { metrics: ["rpc", "grpc"] }, client: { metrics: [] } });
  await client.unary({});
  await until(() => sdk.spans.length === 2);
  expect((await sdk.points()).map(({ name }) => name).sort()).toEqual([
    "grpc.server.call.duration",
    "grpc.server.call.started",
    "rpc.server.active_calls",
    "rpc.server.call.duration",
  ]);
});

test("a call to a method that the server does not have creates no attribute value on the server", async () => {
  const sdk = registerSdk();
  const { channel } = await start("http2", {});
  const made = Array.from({ length: 20 }, (_, i) => ({ ...EchoService.method.unary, name: `Made${i}` }));
  for (const method of made) {
    const service = { ...EchoService, method: { ...EchoService.method, unary: { ...method } } };
    const client = createClient(service as typeof EchoService, channel);
    await expect(client.unary({})).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  }
  const methods = new Set((await sdk.points()).map(({ attributes }) => attributes["rpc.method"]));
  expect([...methods].filter((method) => String(method).includes("Made"))).toEqual([]);
  expect(sdk.spans.filter(({ name }) => name.includes("Made"))).toEqual([]);
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

test("a gateway has no instruments for attempts", () => {
  const meter = registerSdk().meterProvider.getMeter("test");
  const created = [vi.spyOn(meter, "createHistogram"), vi.spyOn(meter, "createCounter"), vi.spyOn(meter, "createUpDownCounter")];
  const observe = gatewayTelemetry({ traces: false, metrics: ["grpc"], meterProvider: { getMeter: () => meter } });
  expect(observe.enabled()).toBe(true);
  const names = created.flatMap(({ mock }) => mock.calls.map(([name]) => name));
  expect(names).toEqual(expect.arrayContaining(["grpc.server.call.duration", "grpc.client.call.duration"]));
  expect(names.filter((name) => name.includes("attempt"))).toEqual([]);
});
