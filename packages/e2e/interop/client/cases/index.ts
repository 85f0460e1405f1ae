// All cases, by their `--test_case` name:
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md.
import type { TestCase } from "../case.ts";
import { cancelAfterBegin, cancelAfterFirstResponse, timeoutOnSleepingServer } from "./cancellation.ts";
import { clientCompressedStreaming, clientCompressedUnary, serverCompressedStreaming, serverCompressedUnary } from "./compression.ts";
import { customMetadata } from "./metadata.ts";
import { specialStatusMessage, statusCodeAndMessage, unimplementedMethod, unimplementedService } from "./status.ts";
import { clientStreaming, emptyStream, halfDuplex, pingPong, serverStreaming, slowConsumer } from "./streaming.ts";
import { emptyUnary, largeUnary } from "./unary.ts";

export const cases = {
  empty_unary: emptyUnary,
  large_unary: largeUnary,
  client_compressed_unary: clientCompressedUnary,
  server_compressed_unary: serverCompressedUnary,
  client_streaming: clientStreaming,
  client_compressed_streaming: clientCompressedStreaming,
  server_streaming: serverStreaming,
  server_compressed_streaming: serverCompressedStreaming,
  ping_pong: pingPong,
  empty_stream: emptyStream,
  half_duplex: halfDuplex,
  slow_consumer: slowConsumer,
  custom_metadata: customMetadata,
  status_code_and_message: statusCodeAndMessage,
  special_status_message: specialStatusMessage,
  unimplemented_method: unimplementedMethod,
  unimplemented_service: unimplementedService,
  cancel_after_begin: cancelAfterBegin,
  cancel_after_first_response: cancelAfterFirstResponse,
  timeout_on_sleeping_server: timeoutOnSleepingServer,
} as const satisfies Readonly<Record<string, TestCase>>;

export type CaseName = keyof typeof cases;

export const caseNames = Object.keys(cases) as CaseName[];
