// What must compile, and what must not. Nothing here runs: `tsc` reads it, and a line that does
// compile after all is an error, as `@ts-expect-error` has it.
import type { DescService } from "@bufbuild/protobuf";
import { type Channel, createClient, createServer, type Handlers, implement, type Server } from "../../src/index.ts";
import type { ExactHandlers } from "../../src/server/handlers.ts";
import { TestService } from "../gen/test_pb.js";

declare const channel: Channel;
declare const server: Server;

// Options that only a new connection can honour.
createClient(TestService, "localhost:1", { tls: true, connectTimeoutMs: 1, limits: {}, balancing: "round_robin" });
createClient(TestService, channel, { interceptors: [], defaults: { timeoutMs: 1 } });
createClient(TestService, channel, { codec: undefined });
// @ts-expect-error a channel that exists is plaintext, or not
createClient(TestService, channel, { tls: true });
// @ts-expect-error
createClient(TestService, channel, { tls: { ca: "ca.pem" } });
// @ts-expect-error in process
createClient(TestService, server.channel(), { tls: true });
// @ts-expect-error
createClient(TestService, channel, { connectTimeoutMs: 1 });
// @ts-expect-error
createClient(TestService, channel, { limits: { maxReceiveMessageBytes: 1 } });
// @ts-expect-error
createClient(TestService, channel, { balancing: "pick_first" });

// What a handler has goes to its own calls as it is, under exactOptionalPropertyTypes.
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

// An instance of a class, with private members, helpers, and other members.
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
// @ts-expect-error a response of a class is looked at, too
implement(TestService, new Misspelt());
class Wrong {
  unary() {
    return { text: 1 };
  }
}
// @ts-expect-error
implement(TestService, new Wrong());

// A literal has no other members: a misspelt method would answer UNIMPLEMENTED.
// @ts-expect-error
implement(TestService, { unary: () => ({}), unray: () => ({}) });
// @ts-expect-error
implement(TestService, { unray: () => ({}) });

// The methods of a service that is only known at run time are checked when it is implemented.
declare const dynamic: DescService;
declare const dynamicHandlers: Handlers<DescService>;
implement(dynamic, dynamicHandlers);

// The errors name the field.
type Named = ReturnType<ExactHandlers<typeof TestService, { unary: () => { txet: string } }>["unary"]>;
void ({ "test.v1.Response has no field": "txet" } satisfies Named);
// @ts-expect-error
implement(TestService, { unary: () => ({ txet: "" }) });
// @ts-expect-error beside a handler without parameters, and one with
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
