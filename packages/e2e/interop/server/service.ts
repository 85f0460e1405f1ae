// grpc.testing.TestService as specified in
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md.
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, type Context, codeFrom, implement, RpcError, wasCompressed } from "@grpc-study/rpc";
import {
  type BoolValue,
  type EchoStatus,
  PayloadType,
  type StreamingOutputCallRequest,
  type StreamingOutputCallResponseSchema,
} from "../../gen/grpc/testing/messages_pb.js";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { zeros } from "../payload.ts";

type StreamingOutput = MessageInitShape<typeof StreamingOutputCallResponseSchema>;

/** The algorithm for compressed responses. Every implementation supports gzip. */
const algorithm = "gzip";

/** More than any test requests. The limit protects the machine from a mistyped size. */
const maxPayloadBytes = 64 * 1024 * 1024;

const serverId = `${hostname()}-${process.pid}`;

export const testService = implement(TestService, {
  emptyCall(_request, context) {
    echoMetadata(context);
    return {};
  },

  unaryCall(request, context) {
    echoMetadata(context);
    expectCompressed(request, request.expectCompressed);
    echoStatus(request.responseStatus);
    if (request.responseCompressed?.value) context.compression = algorithm;
    return {
      payload: payloadOf(request.responseType, request.responseSize),
      serverId: request.fillServerId ? serverId : "",
      hostname: hostname(),
    };
  },

  cacheableUnaryCall(_request, context) {
    context.header.set("cache-control", "public, max-age=60");
    return { payload: { body: Buffer.from(String(process.hrtime.bigint())) } };
  },

  async *streamingOutputCall(request, context) {
    echoMetadata(context);
    echoStatus(request.responseStatus);
    announceCompression(context, request);
    yield* responsesTo(request, context);
  },

  async streamingInputCall(requests, context) {
    echoMetadata(context);
    let aggregatedPayloadSize = 0;
    for await (const request of requests) {
      expectCompressed(request, request.expectCompressed);
      aggregatedPayloadSize += request.payload?.body.length ?? 0;
    }
    return { aggregatedPayloadSize };
  },

  async *fullDuplexCall(requests, context) {
    echoMetadata(context);
    for await (const request of requests) {
      echoStatus(request.responseStatus);
      announceCompression(context, request);
      yield* responsesTo(request, context);
    }
  },

  async *halfDuplexCall(requests, context) {
    echoMetadata(context);
    const all = await Array.fromAsync(requests);
    for (const request of all) {
      echoStatus(request.responseStatus);
      announceCompression(context, request);
      yield* responsesTo(request, context);
    }
  },

  // unimplementedCall has no handler on purpose.
});

/** "Echo Metadata": echoes one key in the header and another in the trailer. */
function echoMetadata({ metadata, header, trailer }: Context): void {
  for (const value of metadata.getAll("x-grpc-test-echo-initial")) header.add("x-grpc-test-echo-initial", value);
  for (const value of metadata.getAllBytes("x-grpc-test-echo-trailing-bin")) trailer.add("x-grpc-test-echo-trailing-bin", value);
}

/** "Echo Status". */
function echoStatus(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== Code.OK) throw new RpcError(codeFrom(status.code), status.message);
}

/** "CompressedRequest". */
function expectCompressed(request: object, expected: BoolValue | undefined): void {
  if (expected === undefined || expected.value === wasCompressed(request)) return;
  throw new RpcError(Code.INVALID_ARGUMENT, `the request is ${expected.value ? "not compressed" : "compressed"}`);
}

/**
 * Announces compression for the whole call. The header names the algorithm and precedes the first
 * response, even if that response is not compressed.
 */
function announceCompression(context: Context, { responseParameters }: StreamingOutputCallRequest): void {
  if (responseParameters.some(({ compressed }) => compressed?.value)) context.compression = algorithm;
}

async function* responsesTo(request: StreamingOutputCallRequest, context: Context): AsyncIterable<StreamingOutput> {
  for (const { size, intervalUs, compressed, fillPeerSocketAddress } of request.responseParameters) {
    if (intervalUs > 0) await delay(intervalUs / 1000, undefined, { signal: context.signal });
    context.compress = compressed?.value ?? false;
    yield { payload: payloadOf(request.responseType, size), peerSocketAddress: fillPeerSocketAddress?.value ? context.peer : "" };
  }
}

function payloadOf(type: PayloadType, size: number) {
  if (type !== PayloadType.COMPRESSABLE) throw new RpcError(Code.INVALID_ARGUMENT, `unsupported payload type: ${type}`);
  if (size < 0 || size > maxPayloadBytes)
    throw new RpcError(Code.INVALID_ARGUMENT, `the payload size must be 0 to ${maxPayloadBytes} bytes, got ${size}`);
  return zeros(size);
}
