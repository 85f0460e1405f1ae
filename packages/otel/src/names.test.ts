import * as semconv from "@opentelemetry/semantic-conventions";
import { expect, test } from "vitest";
import { attribute, httpAttribute, metric } from "./names.ts";

test("the names are those of the stable semantic conventions", () => {
  expect(attribute).toMatchObject({
    errorType: semconv.ATTR_ERROR_TYPE,
    peerAddress: semconv.ATTR_NETWORK_PEER_ADDRESS,
    peerPort: semconv.ATTR_NETWORK_PEER_PORT,
    rpcMethod: semconv.ATTR_RPC_METHOD,
    rpcMethodOriginal: semconv.ATTR_RPC_METHOD_ORIGINAL,
    rpcStatusCode: semconv.ATTR_RPC_STATUS_CODE,
    rpcSystem: semconv.ATTR_RPC_SYSTEM_NAME,
    serverAddress: semconv.ATTR_SERVER_ADDRESS,
    serverPort: semconv.ATTR_SERVER_PORT,
  });
  expect(httpAttribute).toEqual({
    client: semconv.ATTR_CLIENT_ADDRESS,
    method: semconv.ATTR_HTTP_REQUEST_METHOD,
    methodOriginal: semconv.ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
    path: semconv.ATTR_URL_PATH,
    route: semconv.ATTR_HTTP_ROUTE,
    scheme: semconv.ATTR_URL_SCHEME,
    status: semconv.ATTR_HTTP_RESPONSE_STATUS_CODE,
    userAgent: semconv.ATTR_USER_AGENT_ORIGINAL,
    version: semconv.ATTR_NETWORK_PROTOCOL_VERSION,
  });
  expect(metric).toMatchObject({
    httpDuration: semconv.METRIC_HTTP_SERVER_REQUEST_DURATION,
    clientDuration: semconv.METRIC_RPC_CLIENT_CALL_DURATION,
    serverDuration: semconv.METRIC_RPC_SERVER_CALL_DURATION,
  });
});
