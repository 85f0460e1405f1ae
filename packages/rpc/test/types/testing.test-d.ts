// Code of tests that must compile, and code that must not. `tsc` checks this file, which never runs.
import { type Client, createClient, createServer, forClientMethod, forServerMethod, type Handler, implement } from "../../src/index.ts";
import { validate } from "../../src/interceptors/validate/index.ts";
import { faults, mockClient, recordCalls, testContext } from "../../src/testing/index.ts";
import { type Request, type Response, TestService } from "../gen/test_pb.js";

// A mock client has the type of a client.
const client: Client<typeof TestService> = mockClient(TestService, { unary: ({ text }) => ({ text: text.toUpperCase() }) });
mockClient(TestService, implement(TestService, {}), { server: { interceptors: [validate()] }, defaults: { timeoutMs: 1 } });
mockClient(TestService, {
  unary: (request, context) => client.unary({ text: request.text }, { deadline: context.deadline }),
  async *bidiStream(requests) {
    for await (const { text } of requests) yield { text };
  },
});
// @ts-expect-error misspelt field
mockClient(TestService, { unary: () => ({ text: "x", tetx: "x" }) });
// @ts-expect-error wrong type of a field
mockClient(TestService, { unary: () => ({ text: 5 }) });
// @ts-expect-error misspelt method
mockClient(TestService, { unray: () => ({}) });
// @ts-expect-error a stream needs an iterable
mockClient(TestService, { serverStream: () => ({ text: "x" }) });
// @ts-expect-error a channel option
mockClient(TestService, {}, { tls: true });

// Interceptors of both sides run everywhere, also for one method.
const calls = recordCalls();
const broken = faults({ rate: 0.5 });
createServer({ interceptors: [calls, broken] });
implement(TestService, {}, { interceptors: [calls, broken] });
createClient(TestService, "localhost:1", { interceptors: [calls, broken] });
void client.unary({}, { interceptors: [calls, broken] });
forServerMethod(TestService.method.unary, broken);
forClientMethod(TestService.method.bidiStream, calls);

// Recorded calls are typed by their method.
const texts: string[] = calls.of(TestService.method.unary).flatMap(({ requests }) => requests.map(({ text }) => text));
const responses: readonly Response[] | undefined = calls.of(TestService.method.serverStream)[0]?.responses;
// @ts-expect-error requests have no such field
calls.of(TestService.method.unary)[0]?.requests[0]?.nope;
// @ts-expect-error the call may be missing
calls.of(TestService.method.unary)[0].code;

export { responses, texts };

// A test context is a context.
const unary: Handler<typeof TestService.method.unary> = ({ text }) => ({ text });
void unary({} as Request, testContext());
// @ts-expect-error a context is frozen
testContext().peer = "x";
