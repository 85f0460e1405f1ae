// The conformance service, implemented with connect-node, which is not ours. It proves the data and the
// client of the tests.
import { once } from "node:events";
import { createServer as createHttp1, type RequestListener } from "node:http";
import { createServer as createHttp2, createSecureServer, type ServerHttp2Session } from "node:http2";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { compressionBrotli, compressionGzip, connectNodeAdapter } from "@connectrpc/connect-node";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type Error as ConformanceError,
  type ConformancePayload,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  ConformancePayloadSchema,
  ConformanceService,
  type Header,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "../../../gen/connectrpc/conformance/v1/service_pb.js";
import { limitBytes } from "../caller.ts";
import { registry } from "./suites.ts";
import type { Target, TargetTls } from "./target.ts";

function routes(router: ConnectRouter): void {
  router.service(ConformanceService, {
    unary: async (request, context) => ({
      payload: await answer(request.responseDefinition, [pack(UnaryRequestSchema, request)], context),
    }),
    idempotentUnary: async (request, context) => ({
      payload: await answer(request.responseDefinition, [pack(IdempotentUnaryRequestSchema, request)], context),
    }),
    async clientStream(requests, context) {
      const all = await Array.fromAsync(requests);
      const packed = all.map((request) => pack(ClientStreamRequestSchema, request));
      return { payload: await answer(all[0]?.responseDefinition, packed, context) };
    },
    async *serverStream(request, context) {
      const { responseDefinition } = request;
      addMetadata(responseDefinition, context);
      yield* answers(responseDefinition, [pack(ServerStreamRequestSchema, request)], context, 0);
    },
    async *bidiStream(requests, context) {
      let definition: StreamResponseDefinition | undefined;
      let fullDuplex = false;
      let sent = 0;
      let unanswered: Any[] = [];
      let started = false;
      for await (const request of requests) {
        unanswered.push(pack(BidiStreamRequestSchema, request));
        if (!started) {
          started = true;
          definition = request.responseDefinition;
          fullDuplex = request.fullDuplex;
          addMetadata(definition, context);
        }
        if (!fullDuplex) continue;
        if (sent >= (definition?.responseData.length ?? 0)) break;
        const info = sent === 0 ? requestInfo(unanswered, context) : create(ConformancePayload_RequestInfoSchema, { requests: unanswered });
        if (definition !== undefined) await pause(definition.responseDelayMs, context);
        yield { payload: payload(definition?.responseData[sent], info) };
        sent++;
        unanswered = [];
      }
      yield* answers(definition, unanswered, context, sent);
    },
  });
}

type Definition = UnaryResponseDefinition | StreamResponseDefinition | undefined;

const pack = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Any => anyPack(schema, message);

function payload(data: Uint8Array | undefined, info: ConformancePayload_RequestInfo | undefined): ConformancePayload {
  return create(ConformancePayloadSchema, { ...(data && { data }), ...(info && { requestInfo: info }) });
}

function addMetadata(definition: Definition, { responseHeader, responseTrailer }: HandlerContext): void {
  for (const { name, value } of definition?.responseHeaders ?? []) for (const one of value) responseHeader.append(name, one);
  for (const { name, value } of definition?.responseTrailers ?? []) for (const one of value) responseTrailer.append(name, one);
}

function pause(milliseconds: number, { signal }: HandlerContext): Promise<unknown> {
  return delay(milliseconds, undefined, { signal }).catch(() => {
    throw ConnectError.from(signal.reason);
  });
}

async function answer(
  definition: UnaryResponseDefinition | undefined,
  requests: Any[],
  context: HandlerContext,
): Promise<ConformancePayload> {
  const info = requestInfo(requests, context);
  if (definition === undefined) return payload(undefined, info);
  addMetadata(definition, context);
  await pause(definition.responseDelayMs, context);
  if (definition.response.case === "error") throw toError(definition.response.value, info);
  return payload(definition.response.value, info);
}

async function* answers(
  definition: StreamResponseDefinition | undefined,
  requests: Any[],
  context: HandlerContext,
  sent: number,
): AsyncIterable<{ payload: ConformancePayload }> {
  if (definition === undefined) return;
  const info = requestInfo(requests, context);
  for (let index = sent; index < definition.responseData.length; index++) {
    await pause(definition.responseDelayMs, context);
    yield { payload: payload(definition.responseData[index], index === 0 ? info : undefined) };
  }
  const responses = Math.max(sent, definition.responseData.length);
  if (definition.error !== undefined) throw toError(definition.error, responses === 0 ? info : undefined);
}

function toError({ code, message, details }: ConformanceError, info: ConformancePayload_RequestInfo | undefined): ConnectError {
  const error = new ConnectError(message ?? "", code as number as Code);
  for (const any of details) {
    const value = anyUnpack(any, registry);
    const desc = value && registry.getMessage(value.$typeName);
    if (value !== undefined && desc !== undefined) error.details.push({ desc, value });
  }
  if (info !== undefined) error.details.push({ desc: ConformancePayload_RequestInfoSchema, value: info });
  return error;
}

function requestInfo(requests: Any[], { requestHeader, timeoutMs, url, requestMethod }: HandlerContext): ConformancePayload_RequestInfo {
  const requestHeaders = [...requestHeader].map(([name, value]) => ({ name, value: value.split(", ") }));
  const timeout = timeoutMs();
  const query = [...new URL(url).searchParams].map(([name, value]) => ({ name, value: [value] }));
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders,
    requests,
    ...(timeout !== undefined && { timeoutMs: BigInt(Math.max(0, Math.floor(timeout))) }),
    ...(requestMethod === "GET" && { connectGetInfo: { queryParams: query as Header[] } }),
  });
}

/** Serves with connect-node, on one port for each version of HTTP, with and without TLS. */
export async function serveConnectEs({ cert, key, ca }: TargetTls): Promise<Target> {
  const listener: RequestListener = connectNodeAdapter({
    routes,
    readMaxBytes: limitBytes,
    jsonOptions: { registry },
    acceptCompression: [compressionGzip, compressionBrotli],
  }) as RequestListener;
  const tls = { cert, key, ca, requestCert: true, rejectUnauthorized: false };
  const servers = [
    createHttp1(listener),
    createHttp2(listener as never),
    createHttps(tls, listener),
    createSecureServer(tls, listener as never),
  ];
  const sessions = new Set<ServerHttp2Session>();
  for (const server of servers) {
    server.on("session", (session) => sessions.add(session));
    server.listen(0, "127.0.0.1");
  }
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  return {
    port: (version, tls) => ports[(tls ? 2 : 0) + version - 1] ?? 0,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      for (const server of servers) {
        if ("closeAllConnections" in server) server.closeAllConnections();
        server.close();
      }
    },
  };
}
