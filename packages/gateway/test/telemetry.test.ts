// gatewayTelemetry() of @grpc-study/otel: one trace from the client through the gateway to the handler.

import { serverTelemetry } from "@grpc-study/otel";
import { gatewayTelemetry } from "@grpc-study/otel/gateway";
import { createClient, type Handlers, implement } from "@grpc-study/rpc";
import { SpanKind } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { registerSdk, type TestSdk } from "../../otel/test/sdk.ts";
import type { GatewayServerOptions } from "../src/index.ts";
import { startGateway, type Transport, transports } from "./gateway.ts";
import { Things } from "./gen/things_pb.js";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const handlers: Handlers<typeof Things> = {
  get: (thing) => {
    if (thing.stringValue === "fault") throw new Error("a fault");
    return thing;
  },
};

async function start(transport: Transport, options: Partial<GatewayServerOptions> = {}) {
  const sdk = registerSdk();
  const server = { interceptors: [serverTelemetry()] };
  const gateway = await startGateway(implement(Things, handlers), {
    transport,
    graceMs: 0,
    server,
    observe: gatewayTelemetry(),
    ...options,
  });
  return { sdk, ...gateway };
}

/** The spans of a request: those of the gateway's server and client, and the upstream's. */
async function spansOf(sdk: TestSdk) {
  await expect.poll(() => sdk.spans.length).toBe(3);
  const upstream = sdk.spans.find(
    ({ kind, parentSpanContext }) =>
      kind === SpanKind.SERVER && parentSpanContext?.isRemote && parentSpanContext.spanId !== traceparent.slice(36, 52),
  );
  const client = sdk.spans.find(({ kind }) => kind === SpanKind.CLIENT);
  const server = sdk.spans.find((span) => span !== upstream && span !== client);
  if (upstream === undefined || client === undefined || server === undefined) throw new Error("a span is missing");
  return { upstream, client, server };
}

describe.each(transports)("%s", (transport) => {
  test("REST: HTTP span, client span, server span", async () => {
    const { sdk, url } = await start(transport);
    await (await fetch(`${url}/v1/things/a?secret=1`, { headers: { traceparent } })).text();
    const { server, client, upstream } = await spansOf(sdk);
    expect(server.name).toBe("GET /v1/things/{string_value}");
    expect(server.kind).toBe(SpanKind.SERVER);
    expect(server.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    expect(server.attributes).toMatchObject({
      "http.request.method": "GET",
      "http.route": "/v1/things/{string_value}",
      "http.response.status_code": 200,
      "url.path": "/v1/things/a",
      "url.scheme": "http",
      "server.address": "127.0.0.1",
      "client.address": "127.0.0.1",
      "network.protocol.version": "1.1",
    });
    expect(JSON.stringify(server.attributes)).not.toContain("secret");
    expect(client.parentSpanContext?.spanId).toBe(server.spanContext().spanId);
    expect(client.attributes).toMatchObject({
      "rpc.system.name": "grpc",
      "rpc.method": "grpc_study.gateway_test.Things/Get",
      "rpc.status_code": "OK",
    });
    expect(upstream.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
    expect(new Set(sdk.spans.map((span) => span.spanContext().traceId))).toEqual(new Set(["0af7651916cd43dd8448eb211c80319c"]));
    const order = [server, client, upstream].map(({ duration: [s, ns] }) => s * 1e9 + ns);
    expect(order[0]).toBeGreaterThanOrEqual(order[1] as number);
  });

  test("gRPC: server span, client span, server span", async () => {
    const { sdk, url } = await start(transport);
    using client = createClient(Things, url.slice(7));
    await client.get({ stringValue: "a" }, { metadata: { traceparent } });
    const spans = await spansOf(sdk);
    expect(spans.server.name).toBe("grpc_study.gateway_test.Things/Get");
    expect(spans.server.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    expect(spans.server.attributes).toMatchObject({ "rpc.system.name": "grpc", "rpc.status_code": "OK" });
    expect(spans.client.parentSpanContext?.spanId).toBe(spans.server.spanContext().spanId);
    expect(spans.upstream.parentSpanContext?.spanId).toBe(spans.client.spanContext().spanId);
  });

  test("a fault of the upstream is an error in all three spans", async () => {
    const { sdk, url } = await start(transport);
    await (await fetch(`${url}/v1/things/fault`, { headers: { traceparent } })).text();
    const { server, client, upstream } = await spansOf(sdk);
    expect(server.attributes).toMatchObject({ "http.response.status_code": 500, "error.type": "500" });
    expect(client.attributes).toMatchObject({ "rpc.status_code": "INTERNAL", "error.type": "INTERNAL" });
    expect(upstream.attributes).toMatchObject({ "rpc.status_code": "INTERNAL", "error.type": "INTERNAL" });
  });
});

test("the metrics of requests and of calls", async () => {
  const { sdk, url } = await start("over a socket");
  await (await fetch(`${url}/v1/things/a`)).text();
  await (await fetch(`${url}/made/up/${Math.random()}`, { method: "PURGE" })).text();
  await expect.poll(() => sdk.spans.length).toBe(4);
  const points = await sdk.points();
  const durations = points.filter(({ name }) => name === "http.server.request.duration");
  expect(durations.map(({ attributes }) => attributes)).toEqual([
    { "http.request.method": "GET", "url.scheme": "http", "http.response.status_code": 200, "http.route": "/v1/things/{string_value}" },
    { "http.request.method": "_OTHER", "url.scheme": "http", "http.response.status_code": expect.any(Number) },
  ]);
  expect(points.filter(({ name }) => name === "http.server.active_requests").map(({ value }) => value)).toEqual([0, 0]);
  const [client] = points.filter(({ name }) => name === "rpc.client.call.duration");
  expect(client?.attributes).toMatchObject({ "rpc.method": "grpc_study.gateway_test.Things/Get", "server.address": "127.0.0.1" });
});

test("without an SDK, the gateway observes nothing", () => {
  expect(gatewayTelemetry().enabled()).toBe(false);
});

test("gatewayTelemetry() rejects options that it does not have", () => {
  expect(() => gatewayTelemetry({ messageEvents: true } as never)).toThrow('gatewayTelemetry() has no option "messageEvents"');
});
