// The type of a test case, and the assertions that the cases share.
import { deepEqual, equal, fail, ok } from "node:assert/strict";
import { type Client, Code, RpcError, wasCompressed } from "@grpc-study/rpc";
import type { Payload } from "../../gen/grpc/testing/messages_pb.js";
import type { TestService, UnimplementedService } from "../../gen/grpc/testing/test_pb.js";

/** The clients of one channel. */
export interface Clients {
  readonly test: Client<typeof TestService>;
  readonly unimplemented: Client<typeof UnimplementedService>;
}

/** Resolves if the case passes. Rejects with the assertion that failed. */
export type TestCase = (clients: Clients) => Promise<void>;

/** Checks that a payload has `size` bytes, all zero. */
export function expectZeros(payload: Payload | undefined, size: number): void {
  ok(payload !== undefined, "the response has no payload");
  equal(payload.body.length, size, `the payload has ${payload.body.length} bytes, expected ${size}`);
  ok(
    payload.body.every((byte) => byte === 0),
    "the payload has a byte that is not zero",
  );
}

export function expectSizes(actual: readonly number[], expected: readonly number[]): void {
  deepEqual(actual, expected, `the payloads have ${actual.join(", ")} bytes, expected ${expected.join(", ")}`);
}

/** Checks whether a response was compressed. */
export function expectCompression(response: object, compressed: boolean): void {
  equal(wasCompressed(response), compressed, `the response is ${compressed ? "not compressed" : "compressed"}`);
}

/** Checks that a call fails with a status code, and with a message if one is given. */
export async function expectStatus(call: Promise<unknown>, code: Code, message?: string): Promise<void> {
  const error = await call.then(
    () => fail(`the call succeeded, expected ${Code[code]}`),
    (error: unknown) => error,
  );
  if (!(error instanceof RpcError)) throw error;
  equal(error.code, code, `the call ended with ${error}, expected ${Code[code]}`);
  if (message !== undefined) equal(error.message, message, `the status message is ${JSON.stringify(error.message)}`);
}
