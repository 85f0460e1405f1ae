// Computes the response that a case expects from its request, as the reference runner does
// (populateExpectedResponse in internal/app/connectconformance/test_case_library.go).
import { create } from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import {
  type ClientCompatRequest,
  type ClientResponseResult,
  ClientResponseResultSchema,
} from "../../../gen/connectrpc/conformance/v1/client_compat_pb.js";
import { Codec, StreamType } from "../../../gen/connectrpc/conformance/v1/config_pb.js";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "../../../gen/connectrpc/conformance/v1/service_pb.js";

export function expectedResponse(request: ClientCompatRequest): ClientResponseResult {
  const { streamType } = request;
  return streamType === StreamType.UNARY || streamType === StreamType.CLIENT_STREAM ? singleResponse(request) : streamResponse(request);
}

function singleResponse(request: ClientCompatRequest): ClientResponseResult {
  const info = requestInfo(request);
  if (request.useGetHttpMethod) {
    const encoding = request.codec === Codec.JSON ? "json" : "proto";
    info.connectGetInfo = create(ConformancePayload_RequestInfoSchema, {
      connectGetInfo: {
        queryParams: [
          { name: "encoding", value: [encoding] },
          { name: "connect", value: ["v1"] },
        ],
      },
    }).connectGetInfo;
  }
  const definition = unaryDefinition(request.requestMessages[0]);
  if (definition === undefined) return create(ClientResponseResultSchema, { payloads: [{ requestInfo: info }] });
  const { responseHeaders, responseTrailers, response } = definition;
  if (response.case === "error") {
    const error = { ...response.value, details: [...response.value.details, anyPack(ConformancePayload_RequestInfoSchema, info)] };
    return create(ClientResponseResultSchema, { responseHeaders, responseTrailers, error });
  }
  const payload = { requestInfo: info, data: response.value ?? new Uint8Array() };
  return create(ClientResponseResultSchema, { responseHeaders, responseTrailers, payloads: [payload] });
}

function streamResponse(request: ClientCompatRequest): ClientResponseResult {
  const definition = streamDefinition(request.requestMessages[0]);
  if (definition === undefined) return create(ClientResponseResultSchema);
  const { responseHeaders, responseTrailers, responseData, error } = definition;
  const info = requestInfo(request);
  const payloads = responseData.map((data, index) => {
    if (request.streamType !== StreamType.FULL_DUPLEX_BIDI_STREAM) return { data, ...(index === 0 && { requestInfo: info }) };
    const requests = request.requestMessages.slice(index, index + 1);
    const { requestHeaders, timeoutMs } = info;
    return { data, requestInfo: index === 0 ? { requestHeaders, requests, ...(timeoutMs !== undefined && { timeoutMs }) } : { requests } };
  });
  const more = payloads.length === 0 ? [anyPack(ConformancePayload_RequestInfoSchema, info)] : [];
  return create(ClientResponseResultSchema, {
    responseHeaders,
    responseTrailers,
    payloads,
    ...(error !== undefined && { error: { ...error, details: [...error.details, ...more] } }),
  });
}

function requestInfo({ requestHeaders, requestMessages, timeoutMs }: ClientCompatRequest): ConformancePayload_RequestInfo {
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders,
    requests: requestMessages,
    ...(timeoutMs !== undefined && { timeoutMs: BigInt(timeoutMs) }),
  });
}

function unaryDefinition(message: Any | undefined): UnaryResponseDefinition | undefined {
  if (message === undefined) return undefined;
  for (const schema of [UnaryRequestSchema, IdempotentUnaryRequestSchema, ClientStreamRequestSchema]) {
    const request = anyUnpack(message, schema);
    if (request !== undefined) return request.responseDefinition;
  }
  return undefined;
}

function streamDefinition(message: Any | undefined): StreamResponseDefinition | undefined {
  if (message === undefined) return undefined;
  for (const schema of [ServerStreamRequestSchema, BidiStreamRequestSchema]) {
    const request = anyUnpack(message, schema);
    if (request !== undefined) return request.responseDefinition;
  }
  return undefined;
}
