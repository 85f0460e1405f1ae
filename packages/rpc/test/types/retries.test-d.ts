// Retry options: code that must compile, and code that must not.
import { type ChannelOptions, Code, createChannel, createClient } from "../../src/index.ts";
import { TestService } from "../gen/test_pb.js";

createClient(TestService, "localhost:1", {
  retry: { codes: ["UNAVAILABLE", Code.ABORTED], maxAttempts: 4, initialBackoffMs: 100, maxBackoffMs: 1_000, backoffMultiplier: 2 },
  methods: [
    { service: TestService, method: "unary", hedging: { maxAttempts: 3, delayMs: 50, nonFatalCodes: ["UNAVAILABLE"] } },
    { service: TestService, retry: false, timeoutMs: 2_000, waitForReady: true, maxRequestBytes: 1, maxResponseBytes: 1 },
    { service: "test.v1.Other", method: undefined, retry: undefined, hedging: undefined },
  ],
  retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
  retryBuffer: { perCallBytes: undefined, perChannelBytes: 1 },
  serviceConfig: "{}",
});
createChannel("localhost:1", { retry: false, serviceConfig: { methodConfig: [] } });

const options: ChannelOptions[] = [
  // @ts-expect-error the codes are required, since only the caller knows which are safe to retry
  { retry: {} },
  // @ts-expect-error
  { retry: true },
  // @ts-expect-error a call that succeeded is not retried
  { retry: { codes: ["OK"] } },
  // @ts-expect-error
  { retry: { codes: [Code.OK] } },
  // @ts-expect-error
  { retry: { codes: ["UNAVALABLE"] } },
  // @ts-expect-error
  { retry: { codes: ["UNAVAILABLE"], maxAttemps: 3 } },
  // @ts-expect-error either, not both
  { methods: [{ service: TestService, retry: { codes: ["ABORTED"] }, hedging: { maxAttempts: 2, delayMs: 1 } }] },
  // @ts-expect-error
  { methods: [{ retry: { codes: ["ABORTED"] } }] },
  // @ts-expect-error
  { methods: [{ service: TestService, hedging: { maxAttempts: 2 } }] },
  // @ts-expect-error
  { retryThrottling: { maxTokens: 10 } },
  // @ts-expect-error
  { serviceConfig: 1 },
];
void options;
