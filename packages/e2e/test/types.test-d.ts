// Code that must not compile. `tsc` checks this file, which never runs: `@ts-expect-error` is an
// error on a line that compiles.
import { Greeter as Chat } from "@grpc-study/proto/chat";
import { SayHello } from "@grpc-study/proto/hello";
import { Greeter as Hello, type HelloReply } from "@grpc-study/proto/helloworld";
import { Greeter as Push, type StreamResData } from "@grpc-study/proto/push";
import { type OrderService, type ProdAreas, ProdService, UserService } from "@grpc-study/proto/shop";
import { StreamClient } from "@grpc-study/proto/streams";
import { type Client, createClient, implement } from "@grpc-study/rpc";

/** Is `true` only if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(): T => true as T;

// A method that is not in the service.
// @ts-expect-error
implement(Hello, { sayGoodbye: () => ({}) });
// @ts-expect-error
implement(Hello, { sayHello: () => ({ message: "" }), sayGoodbye: () => ({}) });
// @ts-expect-error methods have their local names
implement(Hello, { SayHello: () => ({}) });

// A field that the response does not have: alone, next to a valid one, and in every form of a
// handler.
// @ts-expect-error
implement(Hello, { sayHello: () => ({ mesage: "Hello" }) });
// @ts-expect-error
implement(Hello, { sayHello: ({ name }) => ({ message: name, mesage: name }) });
// @ts-expect-error
implement(Hello, { sayHello: async () => ({ message: "", mesage: "" }) });
implement(Hello, {
  // @ts-expect-error
  async sayHello({ name }) {
    if (name === "") return { message: "" };
    return { message: "", mesage: "" };
  },
});
implement(Push, {
  // @ts-expect-error
  *getStream() {
    yield { data: "", dta: "" };
  },
});
implement(Chat, {
  // @ts-expect-error
  async *bidiHello(requests) {
    for await (const { name } of requests) yield { reply: name, replay: name };
  },
});
implement(StreamClient, {
  // @ts-expect-error
  async routeList(requests) {
    for await (const { streamData } of requests) if (streamData === "") return { code: 0, valu: "" };
    return { code: 0 };
  },
});
// @ts-expect-error nested, in a list
implement(ProdService, { getProdStocks: () => ({ productes: [{ prodStock: 1, prodStok: 1 }] }) });
implement(UserService, {
  // @ts-expect-error nested, in a list, in a generator
  *getUserScoreByServerStream({ users }) {
    yield { users: users.map(({ userId }) => ({ userId, score: 1 })) };
  },
});

// A field of the wrong type.
// @ts-expect-error
implement(Hello, { sayHello: () => ({ message: 1 }) });
// @ts-expect-error
implement(ProdService, { getProdStock: () => ({ prodStock: 114514n }) });
implement(Chat, {
  // @ts-expect-error
  async *bidiHello() {
    yield { reply: 1 };
  },
});
// @ts-expect-error not a stream
implement(Push, { getStream: () => ({ data: "" }) });
// @ts-expect-error not a message
implement(Hello, { sayHello: () => "Hello" });

// An unknown field of a request.
// @ts-expect-error
implement(Hello, { sayHello: ({ nmae }) => ({ message: String(nmae) }) });
implement(Chat, {
  async *bidiHello(requests) {
    // @ts-expect-error
    for await (const { message } of requests) yield { reply: String(message) };
  },
});
// @ts-expect-error a stream is not a message
implement(StreamClient, { routeList: ({ streamData }) => ({ value: String(streamData) }) });

// The same for clients.
declare const hello: Client<typeof Hello>;
declare const push: Client<typeof Push>;
declare const sayHello: Client<typeof SayHello>;
declare const prod: Client<typeof ProdService>;
declare const order: Client<typeof OrderService>;

// @ts-expect-error
hello.sayGoodbye({});
// @ts-expect-error methods have their local names
hello.SayHello({});
// @ts-expect-error
hello.sayHello({ nam: "world" });
// @ts-expect-error
hello.sayHello({ name: "world", nam: "world" });
// @ts-expect-error
hello.sayHello({ name: 1 });
// @ts-expect-error a unary call has a request
hello.sayHello();
// @ts-expect-error an int64 is a bigint
sayHello.sayHello({ messageName: "", messageLen: 1 });
// @ts-expect-error an enum is not its name
prod.getProdStock({ prodArea: "A" });
// @ts-expect-error nested
order.newOrder({ orderMain: { orderId: 1, ordreNo: "1" } });
// @ts-expect-error an option that does not exist
hello.sayHello({}, { timeoutMS: 1 });
// @ts-expect-error
push.putStream([{ data: "" }, { dta: "" }]);
// @ts-expect-error a server stream is not sent to
push.getStream({}).send({});
// @ts-expect-error a client stream has one response
push.putStream().recv();
// @ts-expect-error a call that was created with its requests accepts no other
push.allStream([]).send({});
// @ts-expect-error
push.allStream().send({ dta: "" });

// The types of responses.
export async function responses() {
  const reply = await hello.sayHello({});
  same<Same<typeof reply, HelloReply>>();
  same<Same<typeof reply.message, string>>();
  // @ts-expect-error
  reply.mesage;
  for await (const response of push.getStream({})) {
    same<Same<typeof response.data, string>>();
    // @ts-expect-error
    response.dta;
  }
  same<Same<Awaited<ReturnType<typeof prod.getProdStock>>["prodStock"], number>>();
  const received = await push.allStream().recv();
  // @ts-expect-error the stream may have ended
  received.data;
  same<Same<typeof received, StreamResData | undefined>>();
}

// Code that compiles, so that the lines above fail for the right reason.
implement(Hello, {});
implement(Hello, { sayHello: async ({ name }) => ({ message: name }) });
implement(Push, {
  *getStream({ data }) {
    yield { data };
    yield {};
  },
  putStream: () => ({}),
});
implement(ProdService, {
  getProdStock({ prodArea }) {
    same<Same<typeof prodArea, ProdAreas>>();
    return { prodStock: 1 };
  },
  getProdStocks: () => ({ productes: [{ prodStock: 1 }, {}] }),
});
using client = createClient(SayHello, "localhost:1");
void client.sayHello({ messageName: "", messageLen: 1n }, { timeoutMs: 1 });
