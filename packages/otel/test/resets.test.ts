// Streams that a peer resets, and connections that it cuts: one span on our side, which ends.
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { createClient, createServer, implement } from "@grpc-study/rpc";
import { SpanKind } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import { clientTelemetry, serverTelemetry } from "../src/index.ts";
import { EchoService, handlersOf, type Kind, kindNames, kinds, methodOf, until } from "./harness.ts";
import { registerSdk, type TestSdk } from "./sdk.ts";

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;

type Peer = http2.ClientHttp2Stream | http2.ServerHttp2Stream;

const ends: readonly { readonly name: string; readonly end: (stream: Peer) => void }[] = [
  { name: "CANCEL", end: (stream) => stream.close(NGHTTP2_CANCEL) },
  { name: "INTERNAL_ERROR", end: (stream) => stream.close(NGHTTP2_INTERNAL_ERROR) },
  { name: "a cut connection", end: (stream) => stream.session?.destroy() },
];
const everyEnd = kindNames.flatMap((kind) => ends.map((end) => ({ kind, ...end })));

async function onlySpan(sdk: TestSdk) {
  await until(() => sdk.spans.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(sdk.spans).toHaveLength(1);
  const active = (await sdk.points()).filter(({ name }) => name.endsWith(".active_calls"));
  expect(active.map(({ value }) => value)).toEqual([0]);
  return sdk.spans[0];
}

test.each(everyEnd)("$kind: a caller that ends the stream with $name", async ({ kind, end }) => {
  const sdk = registerSdk();
  let running = false;
  const server = createServer({ interceptors: [serverTelemetry()] });
  const wait = () => {
    running = true;
    return new Promise<string>(() => {});
  };
  server.add(implement(EchoService, handlersOf(wait)));
  const { address } = await server.listen("127.0.0.1:0");
  const session = http2.connect(`http://${address}`).on("error", () => {});
  onTestFinished(async () => {
    session.destroy();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const stream = session.request({ ":method": "POST", ":path": `/${methodOf(kind)}`, "content-type": "application/grpc", te: "trailers" });
  stream.on("error", () => {});
  stream.end(Buffer.alloc(5));
  await until(() => running);
  end(stream);
  const span = await onlySpan(sdk);
  expect(span).toMatchObject({ kind: SpanKind.SERVER, name: methodOf(kind), attributes: { "rpc.status_code": "CANCELLED" } });
});

/** Starts a server that ends each stream in some way. */
async function endingServer(end: (stream: Peer) => void): Promise<number> {
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer().on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.resume();
    end(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test.each(everyEnd)("$kind: a server that ends the stream with $name", async ({ kind, end }) => {
  const sdk = registerSdk();
  const port = await endingServer(end);
  using client = createClient(EchoService, `127.0.0.1:${port}`, { interceptors: [clientTelemetry()] });
  const { code } = (await kinds[kind](client).catch((error: unknown) => error)) as { code: number };
  const span = await onlySpan(sdk);
  expect(span).toMatchObject({ kind: SpanKind.CLIENT, name: methodOf(kind) });
  expect(span?.attributes["network.peer.port"]).toBe(port);
  expect([1, 13, 14]).toContain(code);
  expect(span?.attributes["rpc.status_code"]).toBe({ 1: "CANCELLED", 13: "INTERNAL", 14: "UNAVAILABLE" }[code]);
});

test.each(kindNames)("%s: a stream that a server refuses is retried transparently, as an attempt of its own", async (kind: Kind) => {
  const sdk = registerSdk();
  const port = await endingServer((stream) => stream.close(NGHTTP2_REFUSED_STREAM));
  using client = createClient(EchoService, `127.0.0.1:${port}`, { interceptors: [clientTelemetry({ metrics: ["grpc"] })] });
  await expect(kinds[kind](client)).rejects.toThrow();
  await until(() => sdk.spans.some(({ name }) => name === methodOf(kind)));
  const attempts = sdk.spans.filter(({ name }) => name.startsWith("Attempt."));
  expect(attempts.length).toBeGreaterThan(0);
  expect(attempts.every(({ attributes }) => attributes["transparent-retry"] === true)).toBe(true);
  expect(sdk.spans).toHaveLength(attempts.length + 1);
  const points = await sdk.points();
  expect(points.find(({ name }) => name === "grpc.client.attempt.started")?.value).toBe(attempts.length + 1);
  const ended = points.filter(({ name }) => name === "grpc.client.attempt.duration").map(({ value }) => (value as { count: number }).count);
  expect(ended.reduce((sum, count) => sum + count)).toBe(attempts.length + 1);
});
