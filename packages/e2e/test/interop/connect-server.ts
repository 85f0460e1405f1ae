// grpc.testing.TestService on connect-node.
import type { ConnectRouter } from "@connectrpc/connect";
import type { EchoStatus, StreamingOutputCallRequest } from "../../gen/grpc/testing/messages_pb.js";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { ConnectError } from "../peers/connect-node.ts";

interface CallHeaders {
  readonly requestHeader: Headers;
  readonly responseHeader: Headers;
  readonly responseTrailer: Headers;
}

function echoMetadata({ requestHeader, responseHeader, responseTrailer }: CallHeaders): void {
  const initial = requestHeader.get("x-grpc-test-echo-initial");
  if (initial !== null) responseHeader.set("x-grpc-test-echo-initial", initial);
  const trailing = requestHeader.get("x-grpc-test-echo-trailing-bin");
  if (trailing !== null) responseTrailer.set("x-grpc-test-echo-trailing-bin", trailing);
}

function echoStatus(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== 0) throw new ConnectError(status.message, status.code);
}

const responsesTo = ({ responseParameters }: StreamingOutputCallRequest) =>
  responseParameters.map(({ size }) => ({ payload: { body: new Uint8Array(size) } }));

export function routes(router: ConnectRouter): void {
  router.service(TestService, {
    emptyCall: () => ({}),
    unaryCall(request, context) {
      echoMetadata(context);
      echoStatus(request.responseStatus);
      return { payload: { body: new Uint8Array(request.responseSize) } };
    },
    async *streamingOutputCall(request) {
      yield* responsesTo(request);
    },
    async streamingInputCall(requests) {
      let aggregatedPayloadSize = 0;
      for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
      return { aggregatedPayloadSize };
    },
    async *fullDuplexCall(requests, context) {
      echoMetadata(context);
      for await (const request of requests) {
        echoStatus(request.responseStatus);
        yield* responsesTo(request);
      }
    },
    async *halfDuplexCall(requests) {
      for (const request of await Array.fromAsync(requests)) yield* responsesTo(request);
    },
  });
}
