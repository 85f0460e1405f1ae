// Each request to a gateway has one span on its server side, one for its call, and one on the upstream,
// whatever its protocol, its kind and its end.
import { once } from "node:events";
import { createClient as createConnectClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { createGateway } from "@grpc-study/gateway";
import { serverTelemetry } from "@grpc-study/otel";
import { gatewayTelemetry } from "@grpc-study/otel/gateway";
import { startTelemetry } from "@grpc-study/otel/node";
import { Code, createClient, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { Span_SpanKind } from "../../gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { serveRpc } from "../harness/rpc-server.ts";
import { until } from "../harness/until.ts";
import { type OtlpReceiver, type Span, startOtlpReceiver } from "./otlp-receiver.ts";

const started = new AsyncDisposableStack();
let collector: OtlpReceiver;
let url: string;

/** Does what the request says: fails, or waits until the call ends. */
function act(code: number | undefined, signal: AbortSignal): Promise<void> {
  if (code === undefined || code === 0) return Promise.resolve();
  if (code === -1) return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  return Promise.reject(code === Code.INTERNAL ? new Error("a fault") : new RpcError(code as Code, "no"));
}

const handlers: Handlers<typeof TestService> = {
  async unaryCall({ responseStatus }, { signal }) {
    await act(responseStatus?.code, signal);
    return {};
  },
  async *streamingOutputCall({ responseStatus }, { signal }) {
    yield {};
    await act(responseStatus?.code, signal);
    yield {};
  },
  async streamingInputCall(requests) {
    for await (const _ of requests);
    return {};
  },
  async *fullDuplexCall(requests, { signal }) {
    for await (const { responseStatus } of requests) {
      yield {};
      await act(responseStatus?.code, signal);
    }
  },
};

beforeAll(async () => {
  collector = started.use(await startOtlpReceiver());
  for (const [name, value] of Object.entries(collector.env)) vi.stubEnv(name, value);
  const telemetry = await startTelemetry({ serviceName: "ours", otlp: true });
  started.defer(() => telemetry.shutdown());
  const options = { interceptors: [serverTelemetry()], onError: () => {} };
  const upstream = started.use(await serveRpc([implement(TestService, handlers)], options));
  const gateway = createGateway({
    services: [TestService],
    upstream: upstream.address,
    unbound: true,
    allowedHosts: ["*"],
    observe: gatewayTelemetry(),
  });
  started.defer(() => gateway.close());
  ({ url } = await gateway.listen("127.0.0.1:0"));
});
afterAll(async () => {
  await started.disposeAsync();
  vi.unstubAllEnvs();
});

interface Ways {
  readonly headers: { readonly traceparent: string };
  readonly signal: AbortSignal;
  readonly code: number;
}

type Call = (way: Ways) => Promise<unknown>;

const path = (name: string) => `/grpc.testing.TestService/${name}`;

const rest =
  (name: string): Call =>
  async ({ headers, signal, code }) => {
    const body = JSON.stringify({ responseStatus: { code } });
    const json = { ...headers, "content-type": "application/json" };
    const response = await fetch(`${url}${path(name)}`, { method: "POST", headers: json, body, signal });
    await response.text();
    if (!response.ok) throw new Error(String(response.status));
  };

const connect =
  (transport: () => Transport) =>
  (stream: boolean) =>
  async ({ headers, signal, code }: Ways) => {
    const client = createConnectClient(TestService, transport());
    const request = { responseStatus: { code } };
    if (stream) await Array.fromAsync(client.streamingOutputCall(request, { headers, signal }));
    else await client.unaryCall(request, { headers, signal });
  };
const overConnect = connect(() => createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
const overWeb = connect(() => createGrpcWebTransport({ baseUrl: url, httpVersion: "1.1" }));

const grpc =
  (name: "unary" | "server" | "bidi"): Call =>
  async ({ headers, signal, code }) => {
    using client = createClient(TestService, url.slice("http://".length));
    const request = { responseStatus: { code } };
    const options = { metadata: headers, signal };
    if (name === "unary") await client.unaryCall(request, options);
    else if (name === "server") await Array.fromAsync(client.streamingOutputCall(request, options));
    else await Array.fromAsync(client.fullDuplexCall([request], options));
  };

const webSocket: Call = async ({ headers, signal, code }) => {
  const socket = new WebSocket(`${url.replace("http", "ws")}${path("FullDuplexCall")}`, { headers });
  signal.addEventListener("abort", () => socket.close());
  await once(socket, "open");
  socket.send(JSON.stringify({ responseStatus: { code } }));
  socket.send("");
  await once(socket, "close");
};

const ways: Readonly<Record<string, { readonly call: Call; readonly method: string }>> = {
  "REST, unary": { call: rest("UnaryCall"), method: "UnaryCall" },
  "REST, server stream": { call: rest("StreamingOutputCall"), method: "StreamingOutputCall" },
  "Connect, unary": { call: overConnect(false), method: "UnaryCall" },
  "Connect, server stream": { call: overConnect(true), method: "StreamingOutputCall" },
  "gRPC-Web, unary": { call: overWeb(false), method: "UnaryCall" },
  "gRPC-Web, server stream": { call: overWeb(true), method: "StreamingOutputCall" },
  "gRPC, unary": { call: grpc("unary"), method: "UnaryCall" },
  "gRPC, server stream": { call: grpc("server"), method: "StreamingOutputCall" },
  "gRPC, bidi": { call: grpc("bidi"), method: "FullDuplexCall" },
  "WebSocket, bidi": { call: webSocket, method: "FullDuplexCall" },
};

const ends = [
  { end: "OK", code: 0, status: "OK" },
  { end: "an error", code: Code.NOT_FOUND, status: "NOT_FOUND" },
  { end: "a fault", code: Code.INTERNAL, status: "INTERNAL" },
  { end: "a caller that leaves", code: -1, status: "CANCELLED" },
];

let traces = 0;

test.each(Object.keys(ways).flatMap((way) => ends.map((end) => ({ way, ...end }))))("$way: $end", async ({ way, code, status }) => {
  const { call, method } = ways[way] as (typeof ways)[string];
  const traceId = (++traces).toString(16).padStart(32, "a");
  const parentId = "b7ad6b7169203331";
  const controller = new AbortController();
  const mine = () => collector.spans.filter((span) => span.traceId === traceId);
  const called = call({ headers: { traceparent: `00-${traceId}-${parentId}-01` }, signal: controller.signal, code }).catch(() => {});
  if (code === -1) setTimeout(() => controller.abort(), 300);
  await called;
  await until(() => mine().length >= 3);
  // A span too many would come with the next export.
  await new Promise((resolve) => setTimeout(resolve, 150));
  const { CLIENT, SERVER } = Span_SpanKind;
  const find = (kind: Span_SpanKind, parent: string | undefined): Span | undefined =>
    mine().find((span) => span.kind === kind && span.parentId === parent);
  const front = find(SERVER, parentId);
  const client = find(CLIENT, front?.spanId);
  const upstream = find(SERVER, client?.spanId);
  expect(mine()).toHaveLength(3);
  expect(client?.name).toBe(`grpc.testing.TestService/${method}`);
  expect(client?.attributes["rpc.status_code"]).toBe(status);
  expect(upstream?.attributes["rpc.status_code"]).toBe(status);
});

test("a path without a route, with secrets in the query and in headers: one span, which omits them", async () => {
  const traceId = "b".repeat(32);
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, authorization: "Bearer secret", cookie: "id=secret" };
  await fetch(`${url}/unknown?access_token=secret`, { headers });
  const mine = () => collector.spans.filter((span) => span.traceId === traceId);
  await until(() => mine().length > 0);
  expect(mine()).toHaveLength(1);
  expect(mine()[0]).toMatchObject({ name: "GET", attributes: { "url.path": "/unknown", "http.response.status_code": 404 } });
  expect(JSON.stringify(mine())).not.toContain("secret");
});
