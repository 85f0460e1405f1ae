// Code that must compile, and code that must not. `tsc` checks this file, which never runs. Without
// a compile error, `@ts-expect-error` is an error itself.
import type { DescService } from "@bufbuild/protobuf";
import {
  type Channel,
  createClient,
  createServer,
  forClientMethod,
  forServerMethod,
  type Handlers,
  implement,
  type Metadata,
  type Server,
  type ServerInterceptor,
} from "../../src/index.ts";
import type { ExactHandlers } from "../../src/server/handlers.ts";
import { TestService } from "../gen/test_pb.js";

declare const channel: Channel;
declare const server: Server;

// Options that only a new channel accepts.
createClient(TestService, "localhost:1", { tls: true, connectTimeoutMs: 1, limits: {}, balancing: "round_robin" });
createClient(TestService, channel, { interceptors: [], defaults: { timeoutMs: 1 } });
createClient(TestService, channel, { codec: undefined });
// @ts-expect-error an existing channel has its own TLS options
createClient(TestService, channel, { tls: true });
// @ts-expect-error
createClient(TestService, channel, { tls: { ca: "ca.pem" } });
// @ts-expect-error a channel in process has no TLS
createClient(TestService, server.channel(), { tls: true });
// @ts-expect-error
createClient(TestService, channel, { connectTimeoutMs: 1 });
// @ts-expect-error
createClient(TestService, channel, { limits: { maxReceiveMessageBytes: 1 } });
// @ts-expect-error
createClient(TestService, channel, { balancing: "pick_first" });

// A handler can pass members of its context to calls, under exactOptionalPropertyTypes.
const upstream = createClient(TestService, channel, { defaults: undefined, interceptors: undefined, perRpcCredentials: undefined });
implement(TestService, {
  unary: (request, context) => upstream.unary({ text: request.text }, { deadline: context.deadline, signal: context.signal }),
  async *serverStream({ text }, { deadline, signal, metadata }) {
    yield* upstream.serverStream(
      { text },
      { deadline, signal, metadata, timeoutMs: undefined, compression: undefined, onHeader: undefined },
    );
  },
});
createServer({ interceptors: undefined, onError: undefined, limits: { maxConnections: undefined }, reflection: undefined });
void server.shutdown({ graceMs: undefined });

// An instance of a class may have private members, helpers and other members.
class Greeter {
  readonly #greeting: string;
  private calls = 0;
  started = new Date();

  constructor(greeting: string) {
    this.#greeting = greeting;
  }

  unary({ text }: { text: string }) {
    return { text: this.greet(text), count: this.count() };
  }

  async *bidiStream(requests: AsyncIterable<{ text: string }>) {
    for await (const { text } of requests) yield { text: this.greet(text) };
  }

  greet(name: string): string {
    return `${this.#greeting} ${name}`;
  }

  private count(): number {
    return ++this.calls;
  }
}
implement(TestService, new Greeter("Hello"));
const greeter = new Greeter("Hello");
implement(TestService, greeter);

class Misspelt {
  unary() {
    return { text: "", cuont: 1 };
  }
  helper() {}
}
// @ts-expect-error the responses of a class are checked too
implement(TestService, new Misspelt());
class Wrong {
  unary() {
    return { text: 1 };
  }
}
// @ts-expect-error
implement(TestService, new Wrong());

// A literal may have no other members: calls to a misspelt method would be UNIMPLEMENTED.
// @ts-expect-error
implement(TestService, { unary: () => ({}), unray: () => ({}) });
// @ts-expect-error
implement(TestService, { unray: () => ({}) });

// The methods of a service that is known only at run time are checked by implement().
declare const dynamic: DescService;
declare const dynamicHandlers: Handlers<DescService>;
implement(dynamic, dynamicHandlers);

// The errors name the unknown field.
type Named = ReturnType<ExactHandlers<typeof TestService, { unary: () => { txet: string } }>["unary"]>;
void ({ "test.v1.Response has no field": "txet" } satisfies Named);
// @ts-expect-error
implement(TestService, { unary: () => ({ txet: "" }) });
// @ts-expect-error next to another handler with parameters
implement(TestService, { unary: ({ text }) => ({ txet: text }), clientStream: async () => ({ text: "" }) });
// @ts-expect-error
implement(TestService, { unary: () => ({ text: "", parts: [{ name: "", nmae: "" }] }) });
// @ts-expect-error not a message
implement(TestService, { unary: () => "Hello" });
// @ts-expect-error
implement(TestService, { unary: async () => 5 });
implement(TestService, {
  // @ts-expect-error
  *serverStream() {
    yield "Hello";
  },
});
// @ts-expect-error
implement(TestService, { unary: () => undefined });
// @ts-expect-error not a stream
implement(TestService, { serverStream: () => ({ text: "" }) });
implement(TestService, {
  unary: () => {
    throw new Error("none");
  },
  clientStream: () => Promise.reject(new Error("none")),
});

// Interceptors: the kind of a call tells which members it and its response have, without casts.
const anyKind: ServerInterceptor = async (call, next) => {
  if (call.kind === "unary") (await call.request).$typeName satisfies string;
  // @ts-expect-error a call with a stream of requests has no single request
  if (call.kind === "bidi_streaming") await call.request.then();
  if (call.requests !== undefined) return next({ requests: call.requests });
  if (!call.stream) call.kind satisfies "unary";
  const response = await next();
  // @ts-expect-error the response may be a stream
  response.message.$typeName;
  return response;
};
createServer({ interceptors: [anyKind] });

forServerMethod(TestService.method.unary, async (call, next) => {
  call.kind satisfies "unary";
  const { text } = await call.request;
  const { message } = await next({ request: { text } });
  return { message: { text: message.text } };
});
// @ts-expect-error the response has no such field
forServerMethod(TestService.method.unary, () => ({ message: { text: 1 } }));
// @ts-expect-error a unary method has no stream of responses
forServerMethod(TestService.method.unary, () => ({ messages: [] }));
// @ts-expect-error nothing is not a response
forClientMethod(TestService.method.serverStream, async (_call, next) => void (await next()));

forClientMethod(TestService.method.bidiStream, async (call, next) => {
  const { messages, header } = await next({ requests: call.requests });
  header satisfies Metadata;
  return { messages };
});
