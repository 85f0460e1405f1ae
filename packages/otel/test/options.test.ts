// The options of both interceptors.
import { SpanKind } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { clientTelemetry, serverTelemetry, type TelemetryOptions } from "../src/index.ts";
import { everyWay, handlersOf, kinds, start, until } from "./harness.ts";
import { registerSdk, TestSdk } from "./sdk.ts";

test.each([
  [{ trace: true }, 'has no option "trace"; the options are traces, metrics, messageEvents'],
  [{ traces: 1 }, "traces must be true or false, got 1"],
  [{ metrics: "rpc" }, `metrics must be a list of "rpc" and "grpc", got 'rpc'`],
  [{ metrics: ["otel"] }, `metrics must be a list of "rpc" and "grpc", got [ 'otel' ]`],
  [{ messageEvents: "yes" }, "messageEvents must be true or false, got 'yes'"],
  [{ messageSizes: 1 }, "messageSizes must be true or false, got 1"],
  [{ requestMetadata: ["x-bin"] }, "requestMetadata must be a list of keys that do not end in -bin, got [ 'x-bin' ]"],
  [{ ignore: "health" }, "ignore must be a function, got 'health'"],
  [{ tracerProvider: {} }, "tracerProvider must be a TracerProvider, got {}"],
  [{ meterProvider: null }, "meterProvider must be a MeterProvider, got null"],
  [{ tracerProvider: { apiKey: "secret" } }, "tracerProvider must be a TracerProvider, got [Object]"],
  [{ messageSizes: true, metrics: ["grpc"] }, 'messageSizes needs "rpc" in metrics'],
  [{ messageSizes: true, messageEvents: true, metrics: [] }, 'messageSizes needs "rpc" in metrics'],
  [null, "takes an object of options, got null"],
  ["x", "takes an object of options, got 'x'"],
])("%j is rejected", (options, message) => {
  for (const create of [serverTelemetry, clientTelemetry]) {
    expect(() => create(options as TelemetryOptions)).toThrow(TypeError);
    expect(() => create(options as TelemetryOptions)).toThrow(message);
  }
});

test.each(everyWay)("each message is an event: $kind over $transport", async ({ transport, kind }) => {
  const sdk = registerSdk();
  const { client } = await start(
    transport,
    handlersOf(() => "x"),
    { server: { messageEvents: true }, client: { messageEvents: true } },
  );
  await kinds[kind](client);
  await until(() => sdk.spans.length === 2);
  const requests = kind === "clientStream" || kind === "bidiStream" ? 2 : 1;
  const responses = kind === "serverStream" || kind === "bidiStream" ? 2 : 1;
  for (const span of sdk.spans) {
    const client = span.kind === SpanKind.CLIENT;
    const numbers = (name: string) =>
      span.events.filter((event) => event.name === name).map(({ attributes }) => attributes?.["sequence-number"]);
    expect(numbers("Outbound message")).toEqual([...Array(client ? requests : responses).keys()]);
    expect(numbers("Inbound message")).toEqual([...Array(client ? responses : requests).keys()]);
  }
});

test("a compressed message is two events, with its sizes before and after", async () => {
  const sdk = registerSdk();
  const text = "compressible ".repeat(50);
  const { client } = await start(
    "http2",
    handlersOf(() => text),
    { server: { messageEvents: true }, client: { messageEvents: true } },
    { compression: "gzip" },
  );
  await client.unary({ text: "a" });
  await until(() => sdk.spans.length === 2);
  const bytes = text.length + 3;
  const compressed = expect.objectContaining({
    "sequence-number": 0,
    "message-size-compressed": expect.toSatisfy((size) => size < bytes / 5),
  });
  const plain = { "sequence-number": 0, "message-size": bytes };
  const request = { "sequence-number": 0, "message-size": 3 };
  const eventsOf = (kind: SpanKind) =>
    sdk.spans.filter((span) => span.kind === kind).flatMap(({ events }) => events.map(({ name, attributes }) => [name, attributes]));
  expect(eventsOf(SpanKind.CLIENT)).toEqual([
    ["Outbound message", request],
    ["Inbound compressed message", compressed],
    ["Inbound message", plain],
  ]);
  expect(eventsOf(SpanKind.SERVER)).toEqual([
    ["Inbound message", request],
    ["Outbound message", plain],
    ["Outbound message compressed", compressed],
  ]);
});

test("the selected metadata are attributes, and other metadata are not", async () => {
  const sdk = registerSdk();
  const options = { requestMetadata: ["X-Tenant"] };
  const { client } = await start("http2", { unary: () => ({}) }, { server: options, client: options });
  await client.unary({}, { metadata: { "x-tenant": ["a", "b"], authorization: "secret" } });
  await until(() => sdk.spans.length === 2);
  for (const { attributes } of sdk.spans) {
    expect(attributes["rpc.request.metadata.x-tenant"]).toEqual(["a", "b"]);
    expect(JSON.stringify(attributes)).not.toContain("secret");
  }
});

test("an ignored method has no span and no metrics, on either side", async () => {
  const sdk = registerSdk();
  const options = { ignore: ({ name }: { readonly name: string }) => name === "Unary" };
  const { client } = await start(
    "http2",
    handlersOf(() => "x"),
    { server: options, client: options },
  );
  await client.unary({});
  await kinds.serverStream(client);
  await until(() => sdk.spans.length === 2);
  expect(new Set(sdk.spans.map(({ name }) => name))).toEqual(new Set(["echo.v1.EchoService/ServerStream"]));
  expect(new Set((await sdk.points()).map(({ attributes }) => attributes["rpc.method"]))).toEqual(
    new Set(["echo.v1.EchoService/ServerStream"]),
  );
});

test("providers that are given take precedence over the global ones", async () => {
  const global = registerSdk();
  const own = new TestSdk();
  const { client } = await start(
    "http2",
    { unary: () => ({}) },
    { server: { tracerProvider: own.tracerProvider, meterProvider: own.meterProvider } },
  );
  await client.unary({});
  await until(() => own.spans.length === 1 && global.spans.length === 1);
  expect(own.spans[0]?.kind).toBe(SpanKind.SERVER);
  expect((await own.points()).map(({ name }) => name).sort()).toEqual(["rpc.server.active_calls", "rpc.server.call.duration"]);
  expect((await global.points()).map(({ name }) => name).sort()).toEqual(["rpc.client.active_calls", "rpc.client.call.duration"]);
});

test("without traces, calls are measured and have no trace context", async () => {
  const sdk = registerSdk();
  let traceparent: string | undefined = "not called";
  const { client } = await start(
    "http2",
    {
      unary: (_request, { metadata }) => {
        traceparent = metadata.get("traceparent");
        return {};
      },
    },
    { client: { traces: false }, server: { traces: false } },
  );
  await client.unary({});
  expect(traceparent).toBeUndefined();
  expect(sdk.spans).toEqual([]);
  expect((await sdk.points()).length).toBe(4);
});

test.each(everyWay)("the size of each message is measured: $kind over $transport", async ({ transport, kind }) => {
  const sdk = registerSdk();
  const options = { messageSizes: true, messageEvents: true };
  const { client } = await start(
    transport,
    handlersOf(() => "answer"),
    { server: options, client: options },
  );
  await kinds[kind](client);
  await until(() => sdk.spans.length === 2);
  const requests = kind === "clientStream" || kind === "bidiStream" ? 2 : 1;
  const responses = kind === "serverStream" || kind === "bidiStream" ? 2 : 1;
  const points = await sdk.points();
  for (const side of ["client", "server"]) {
    // A field takes two bytes beside its text: "a" and "answer".
    expect(points.find(({ name }) => name === `rpc.${side}.request.size`)).toMatchObject({
      unit: "By",
      value: { count: requests, sum: 3 * requests },
    });
    expect(points.find(({ name }) => name === `rpc.${side}.response.size`)).toMatchObject({
      value: { count: responses, sum: 8 * responses },
    });
  }
  const sizes = sdk.spans.flatMap(({ events }) => events.map(({ attributes }) => attributes?.["message-size"]));
  expect(sizes.toSorted()).toEqual([...Array(2 * requests).fill(3), ...Array(2 * responses).fill(8)]);
});

test("sizes are measured without traces, too", async () => {
  const sdk = registerSdk();
  const options = { messageSizes: true, traces: false };
  const { client } = await start(
    "http2",
    handlersOf(() => "answer"),
    { server: options, client: options },
  );
  await kinds.bidiStream(client);
  expect((await sdk.points()).filter(({ name }) => name.endsWith(".size")).length).toBe(4);
});
