import * as semconv from "@opentelemetry/semantic-conventions";
import { expect, test } from "vitest";
import { attribute, metric } from "./names.ts";

test("the names are those of the stable semantic conventions", () => {
  expect(attribute).toMatchObject({
    errorType: semconv.ATTR_ERROR_TYPE,
    peerAddress: semconv.ATTR_NETWORK_PEER_ADDRESS,
    peerPort: semconv.ATTR_NETWORK_PEER_PORT,
    rpcMethod: semconv.ATTR_RPC_METHOD,
    rpcStatusCode: semconv.ATTR_RPC_STATUS_CODE,
    rpcSystem: semconv.ATTR_RPC_SYSTEM_NAME,
    serverAddress: semconv.ATTR_SERVER_ADDRESS,
    serverPort: semconv.ATTR_SERVER_PORT,
  });
  expect(metric).toMatchObject({
    clientDuration: semconv.METRIC_RPC_CLIENT_CALL_DURATION,
    serverDuration: semconv.METRIC_RPC_SERVER_CALL_DURATION,
  });
});
