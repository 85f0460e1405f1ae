// gatewayTelemetry() of @grpc-study/otel: one trace from the client through the gateway to the handler.
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { serverTelemetry } from "@grpc-study/otel";
import { gatewayTelemetry } from "@grpc-study/otel/gateway";
import { Code, createChannel, createClient, createServer, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import { SpanKind } from "@opentelemetry/api";
import { describe, expect, onTestFinished, test } from "vitest";
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

describe("a call to the upstream with three attempts", () => {
  async function startRetrying() {
    let calls = 0;
    const server = createServer({ interceptors: [serverTelemetry()] });
    server.add(
      implement(Things, {
        get: (thing) => {
          if (++calls < 3) throw new RpcError(Code.UNAVAILABLE, "not yet");
          return thing;
        },
      }),
    );
    const { address } = await server.listen("127.0.0.1:0");
    onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
    const upstream = createChannel(address, { retry: { codes: ["UNAVAILABLE"], maxAttempts: 3, initialBackoffMs: 1 } });
    onTestFinished(() => upstream.close());
    const observe = gatewayTelemetry({ metrics: ["rpc", "grpc"] });
    return start("over a socket", { services: [Things], upstream, observe });
  }

  test.each(["REST", "gRPC"])("%s: each attempt is a span, linked to the one before, and is measured", async (protocol) => {
    const { sdk, url } = await startRetrying();
    if (protocol === "REST") await (await fetch(`${url}/v1/things/a`)).text();
    else {
      using client = createClient(Things, url.slice(7));
      await client.get({ stringValue: "a" });
    }
    await expect.poll(() => sdk.spans.length).toBe(8);
    const name = "grpc_study.gateway_test.Things/Get";
    const number = ({ attributes }: { attributes: Record<string, unknown> }) => Number(attributes["previous-rpc-attempts"]);
    const attempts = sdk.spans.filter((span) => span.name === `Attempt.${name}`).toSorted((a, b) => number(a) - number(b));
    const call = sdk.spans.find((span) => span.name === name && span.kind === SpanKind.CLIENT);
    const ids = attempts.map((span) => span.spanContext().spanId);
    expect(attempts.map(({ attributes }) => attributes["rpc.status_code"])).toEqual(["UNAVAILABLE", "UNAVAILABLE", "OK"]);
    expect(attempts.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(Array(3).fill(call?.spanContext().spanId));
    expect(attempts.map(({ links }) => links.map(({ context }) => context.spanId))).toEqual([[], [ids[0]], [ids[1]]]);
    const parents = sdk.spans.flatMap(({ kind, parentSpanContext }) => (kind === SpanKind.SERVER ? [parentSpanContext?.spanId] : []));
    expect(parents).toEqual(expect.arrayContaining(ids));
    expect(new Set(sdk.spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    const points = await sdk.points();
    const sums = (name: string) =>
      Object.fromEntries(
        points
          .filter((point) => point.name === `grpc.client.attempt.${name}`)
          .map(({ attributes, value }) => [attributes["grpc.status"], (value as { count: number; sum: number }).sum]),
      );
    expect(points.find((point) => point.name === "grpc.client.attempt.started")).toMatchObject({ value: 3 });
    expect(sums("sent_total_compressed_message_size")).toEqual({ UNAVAILABLE: 6, OK: 3 });
    expect(sums("rcvd_total_compressed_message_size")).toEqual({ UNAVAILABLE: 0, OK: 3 });
  });
});

test.each(transports)("gRPC, %s: the metrics of gRFC A66 have the sizes on both sides of the gateway", async (transport) => {
  const { sdk, url } = await start(transport, { observe: gatewayTelemetry({ metrics: ["grpc"] }) });
  using client = createClient(Things, url.slice(7));
  const stringValue = "compressible ".repeat(50);
  await client.get({ stringValue }, { compression: "gzip" });
  await expect.poll(() => sdk.spans.length).toBe(3);
  const points = await sdk.points();
  const sizes = ["client.attempt.sent", "client.attempt.rcvd", "server.call.sent", "server.call.rcvd"].map((name) => {
    const point = points.find((point) => point.name === `grpc.${name}_total_compressed_message_size`);
    return (point?.value as { sum: number } | undefined)?.sum;
  });
  const message = toBinary(Things.method.get.input, create(Things.method.get.input, { stringValue }));
  const zipped = gzipSync(message).length;
  // The server does not compress its response. Within the process, nothing is compressed.
  const sent = transport === "in process" ? message.length : zipped;
  expect(sizes).toEqual([sent, message.length, message.length, zipped]);
});

test("a call in gRPC to a method that the gateway does not have is _OTHER, and creates no other value", async () => {
  const { sdk, url } = await start("in process", { observe: gatewayTelemetry({ metrics: ["rpc", "grpc"] }) });
  const made = { ...Things.method.get, name: "Made" };
  using client = createClient({ ...Things, methods: [made], method: { ...Things.method, get: made } } as typeof Things, url.slice(7));
  await expect(client.get({}, { metadata: { traceparent } })).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
  await expect.poll(() => sdk.spans.length).toBe(1);
  const [span] = sdk.spans;
  expect(span).toMatchObject({ name: "grpc", kind: SpanKind.SERVER, parentSpanContext: { spanId: "b7ad6b7169203331" } });
  expect(span?.attributes).toMatchObject({
    "rpc.method": "_OTHER",
    "rpc.method_original": "grpc_study.gateway_test.Things/Made",
    "rpc.status_code": "UNIMPLEMENTED",
  });
  const points = await sdk.points();
  expect(JSON.stringify(points)).not.toContain("Made");
  expect(points.find(({ name }) => name === "rpc.server.call.duration")?.attributes).toMatchObject({ "rpc.method": "_OTHER" });
  expect(points.find(({ name }) => name === "grpc.server.call.started")?.attributes).toEqual({ "grpc.method": "other" });
});

test("without an SDK, the gateway observes nothing", () => {
  expect(gatewayTelemetry().enabled()).toBe(false);
});

test("gatewayTelemetry() rejects options that it does not have", () => {
  expect(() => gatewayTelemetry({ messageEvents: true } as never)).toThrow('gatewayTelemetry() has no option "messageEvents"');
});
