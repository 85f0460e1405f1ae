// The trace context on the wire, with a client and a server of grpc-js alone.

import * as grpc from "@grpc/grpc-js";
import { createClient, createServer, implement } from "@grpc-study/rpc";
import { SpanKind } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import { clientTelemetry, serverTelemetry } from "../src/index.ts";
import { EchoService, handlersOf, kindNames, kinds, methodOf, until } from "./harness.ts";
import { registerSdk } from "./sdk.ts";

const bytes = { serialize: (message: Buffer) => message, deserialize: (message: Buffer) => message };
const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

const streams = { unary: [false, false], serverStream: [false, true], clientStream: [true, false], bidiStream: [true, true] } as const;

test.each(kindNames)("%s: our server continues the trace of a foreign client, with the state of its vendor", async (kind) => {
  const sdk = registerSdk();
  const server = createServer({ interceptors: [serverTelemetry()] });
  server.add(
    implement(
      EchoService,
      handlersOf(() => "x"),
    ),
  );
  const { address } = await server.listen("127.0.0.1:0");
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  onTestFinished(async () => {
    client.close();
    await server.shutdown({ graceMs: 0 });
  });
  const metadata = new grpc.Metadata();
  metadata.set("traceparent", `00-${traceId}-${spanId}-01`);
  metadata.set("tracestate", "vendor=1");
  const [requestStream, responseStream] = streams[kind];
  const path = `/${methodOf(kind)}`;
  const { serialize, deserialize } = bytes;
  await new Promise<void>((resolve, reject) => {
    const done = (error: unknown) => (error ? reject(error) : resolve());
    if (!requestStream && !responseStream) client.makeUnaryRequest(path, serialize, deserialize, Buffer.alloc(0), metadata, done);
    else if (!responseStream) client.makeClientStreamRequest(path, serialize, deserialize, metadata, done).end();
    else {
      const duplex = requestStream ? client.makeBidiStreamRequest(path, serialize, deserialize, metadata) : undefined;
      const call = duplex ?? client.makeServerStreamRequest(path, serialize, deserialize, Buffer.alloc(0), metadata);
      call.on("data", () => {});
      call.on("error", reject);
      call.on("end", resolve);
      duplex?.end();
    }
  });
  await until(() => sdk.spans.length === 1);
  const [span] = sdk.spans;
  expect(span?.kind).toBe(SpanKind.SERVER);
  expect(span?.spanContext().traceId).toBe(traceId);
  expect(span?.parentSpanContext).toMatchObject({ spanId, isRemote: true });
  expect(span?.spanContext().traceState?.get("vendor")).toBe("1");
});

test.each(["malformed", `00-${"0".repeat(32)}-${spanId}-01`, `ff-${traceId}-${spanId}-01`])(
  "the traceparent %s begins a new trace",
  async (given) => {
    const sdk = registerSdk();
    const server = createServer({ interceptors: [serverTelemetry()] });
    server.add(implement(EchoService, { unary: () => ({}) }));
    const { address } = await server.listen("127.0.0.1:0");
    using client = createClient(EchoService, address);
    onTestFinished(async () => {
      await server.shutdown({ graceMs: 0 });
    });
    await client.unary({}, { metadata: { traceparent: given } });
    await until(() => sdk.spans.length === 1);
    expect(sdk.spans[0]?.parentSpanContext).toBeUndefined();
  },
);

test.each(kindNames)("%s: a foreign server receives the trace of our client", async (kind) => {
  const sdk = registerSdk();
  const seen: grpc.MetadataValue[][] = [];
  const server = new grpc.Server();
  const method = (name: keyof typeof streams) => {
    const [requestStream, responseStream] = streams[name];
    const { serialize, deserialize } = bytes;
    return {
      path: `/${methodOf(name)}`,
      requestStream,
      responseStream,
      requestSerialize: serialize,
      requestDeserialize: deserialize,
      responseSerialize: serialize,
      responseDeserialize: deserialize,
    };
  };
  const record = (metadata: grpc.Metadata) => seen.push(metadata.get("traceparent"));
  server.addService(Object.fromEntries(kindNames.map((name) => [name, method(name)])), {
    unary: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      record(call.metadata);
      done(null, Buffer.alloc(0));
    },
    clientStream: (call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      record(call.metadata);
      call.resume().on("end", () => done(null, Buffer.alloc(0)));
    },
    serverStream: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
      record(call.metadata);
      call.end();
    },
    bidiStream: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      record(call.metadata);
      call.resume().on("end", () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
  onTestFinished(() => server.forceShutdown());
  using client = createClient(EchoService, `127.0.0.1:${port}`, { interceptors: [clientTelemetry()] });
  await kinds[kind](client);
  const ids = sdk.spans[0]?.spanContext();
  expect(seen).toEqual([[`00-${ids?.traceId}-${ids?.spanId}-01`]]);
});
