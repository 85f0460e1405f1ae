// Streaming calls: client_streaming, server_streaming, ping_pong, empty_stream, half_duplex and
// slow_consumer.
import { equal, ok } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { zeros } from "../../payload.ts";
import { expectSizes, expectZeros, type TestCase } from "../case.ts";

const requestSizes = [27_182, 8, 1828, 45_904];
const responseSizes = [31_415, 9, 2653, 58_979];

export const clientStreaming: TestCase = async ({ test }) => {
  const { aggregatedPayloadSize } = await test.streamingInputCall(requestSizes.map((size) => ({ payload: zeros(size) })));
  equal(aggregatedPayloadSize, 74_922, `the aggregated payload size is ${aggregatedPayloadSize}, expected 74922`);
};

export const serverStreaming: TestCase = async ({ test }) => {
  const sizes: number[] = [];
  for await (const { payload } of test.streamingOutputCall({ responseParameters: responseSizes.map((size) => ({ size })) })) {
    expectZeros(payload, payload?.body.length ?? 0);
    sizes.push(payload?.body.length ?? 0);
  }
  expectSizes(sizes, responseSizes);
};

export const pingPong: TestCase = async ({ test }) => {
  const call = test.fullDuplexCall();
  for (const [index, size] of responseSizes.entries()) {
    await call.send({ responseParameters: [{ size }], payload: zeros(requestSizes[index] ?? 0) });
    const response = await call.recv();
    ok(response !== undefined, `the stream ended after ${index} responses`);
    expectZeros(response.payload, size);
  }
  call.closeSend();
  equal(await call.recv(), undefined, "the stream has more than four responses");
};

export const emptyStream: TestCase = async ({ test }) => {
  const call = test.fullDuplexCall();
  call.closeSend();
  equal(await call.recv(), undefined, "the stream has a response, expected none");
};

export const halfDuplex: TestCase = async ({ test }) => {
  const requests = responseSizes.map((size, index) => ({ responseParameters: [{ size }], payload: zeros(requestSizes[index] ?? 0) }));
  const sizes: number[] = [];
  for await (const { payload } of test.halfDuplexCall(requests)) sizes.push(payload?.body.length ?? 0);
  expectSizes(sizes, responseSizes);
};

/**
 * This case is not in the document; it comes from the C++ client. The server must apply
 * backpressure to a slow reader without losing a message. Two megabytes exceed the flow-control
 * windows.
 */
export const slowConsumer: TestCase = async ({ test }) => {
  const [count, size, pauseMs] = [2000, 1030, 1];
  let received = 0;
  for await (const { payload } of test.streamingOutputCall({ responseParameters: Array.from({ length: count }, () => ({ size })) })) {
    expectZeros(payload, size);
    received++;
    await delay(pauseMs);
  }
  equal(received, count, `the stream has ${received} responses, expected ${count}`);
};
