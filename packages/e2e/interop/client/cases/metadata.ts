// custom_metadata: the server echoes a text key in the header and a binary key in the trailer.
import { deepEqual, ok } from "node:assert/strict";
import type { CallOptions, Metadata } from "@grpc-study/rpc";
import { expectZeros, type TestCase } from "../case.ts";
import { largeUnaryRequest } from "./unary.ts";

const initial = { key: "x-grpc-test-echo-initial", value: "test_initial_metadata_value" };
const trailing = { key: "x-grpc-test-echo-trailing-bin", value: Buffer.of(0xab, 0xab, 0xab) };

export const customMetadata: TestCase = async ({ test }) => {
  await expectEcho(async (options) => {
    const { payload } = await test.unaryCall(largeUnaryRequest, options);
    expectZeros(payload, 314_159);
  });
  await expectEcho(async (options) => {
    const { responseSize: size, payload } = largeUnaryRequest;
    const responses = await Array.fromAsync(test.fullDuplexCall([{ responseParameters: [{ size }], payload }], options));
    expectZeros(responses[0]?.payload, 314_159);
  });
};

async function expectEcho(call: (options: CallOptions) => Promise<void>): Promise<void> {
  let header: Metadata | undefined;
  let trailer: Metadata | undefined;
  await call({
    metadata: { [initial.key]: initial.value, [trailing.key]: trailing.value },
    onHeader: (received) => {
      header = received;
    },
    onTrailer: (received) => {
      trailer = received;
    },
  });
  ok(header !== undefined, "the response has no header");
  ok(trailer !== undefined, "the response has no trailer");
  deepEqual(header.getAll(initial.key), [initial.value], `the header does not echo ${initial.key}`);
  deepEqual(trailer.getAllBytes(trailing.key), [trailing.value], `the trailer does not echo ${trailing.key}`);
}
