// @grpc-study/rpc/testing: tests of handlers, of services and of code that calls them, without
// sockets and without waiting. Works with any test runner.
export { type FaultOptions, faults } from "./faults.ts";
export type { AnyCall, AnyInterceptor } from "./interceptor.ts";
export { type MockClientOptions, mockClient } from "./mock-client.ts";
export { type CallRecorder, type RecordedCall, recordCalls } from "./record-calls.ts";
export { type TestContext, type TestContextOptions, testContext } from "./test-context.ts";
export { type VirtualTime, type VirtualTimeOptions, virtualTime } from "./virtual-time/virtual-time.ts";
