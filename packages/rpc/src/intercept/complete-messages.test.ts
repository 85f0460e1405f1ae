// What an interceptor gives may be objects with the fields to set. The next one gets messages.
import { create, isMessage, toBinary } from "@bufbuild/protobuf";
import { type CodecFactory, compiled } from "@grpc-study/codec";
import { expect, test } from "vitest";
import { everyKind, everyWay, kinds, startBy, TestService, until } from "../../test/harness.ts";
import type { ClientInterceptor } from "../index.ts";
import type { AnyInterceptor } from "../testing/interceptor.ts";

const { input, output } = TestService.method.unary;

/** Reads all messages, and passes them on. */
const reading = (seen: unknown[]): AnyInterceptor => {
  return async (call, next) => {
    if (call.request !== undefined) seen.push(await call.request);
    else for await (const request of call.requests ?? []) seen.push(request);
    const { message, messages } = await next(call.requests && { requests: [{ text: "b" }] as never });
    if (messages === undefined) {
      seen.push(message);
      return { message };
    }
    const all = await Array.fromAsync(messages);
    seen.push(...all);
    return { messages: all };
  };
};

/** Gives objects: without a call of `next()`, or after it. */
const giving = (answers: boolean): AnyInterceptor => {
  return (async (call: Parameters<AnyInterceptor>[0], next: Parameters<AnyInterceptor>[1]) => {
    if (!answers) return next(call.requests === undefined ? { request: { text: "a" } as never } : { requests: [{ text: "a" }] as never });
    return call.method.methodKind === "unary" || call.method.methodKind === "client_streaming"
      ? { message: { text: "given" } }
      : { messages: [{ text: "given" }] };
  }) as AnyInterceptor;
};

const ways = everyWay.flatMap((way) => (["server", "client"] as const).map((side) => ({ ...way, side })));

test.each(ways)("$transport, $kind, on the $side: the other interceptors read complete messages", async ({ transport, kind, side }) => {
  const seen: unknown[] = [];
  const interceptors = [giving(false), reading(seen), giving(true)];
  const { client } = await startBy(
    transport,
    everyKind(() => "handler"),
    side === "server" ? { interceptors } : {},
    {},
    side === "client" ? { interceptors } : {},
  );
  expect(await kinds[kind](client, "x")).toMatchObject([{ text: "given", count: 0 }]);
  expect(seen).toMatchObject([
    { text: "a", count: 0 },
    { text: "given", count: 0 },
  ]);
  expect([isMessage(seen[0], input), isMessage(seen[1], output)]).toEqual([true, true]);
});

test.each(everyWay)(
  "$transport, $kind: header and trailer that an interceptor passes on reach the one outside",
  async ({ transport, kind }) => {
    const seen: unknown[] = [];
    const handlers = everyKind(({ header, trailer }) => {
      header.set("x-header", "h");
      trailer.set("x-trailer", "t");
      return "x";
    });
    const outside: ClientInterceptor = async (call, next) => {
      const response = await next();
      seen.push(response.header.get("x-header"));
      call.onEnd(() => seen.push(response.trailer?.get("x-trailer")));
      return response;
    };
    const inside = (async (_call: unknown, next: () => Promise<object & { header: unknown; trailer: unknown }>) => {
      const response = await next();
      const { message, messages } = response as { message?: unknown; messages?: unknown };
      return {
        message,
        messages,
        header: response.header,
        get trailer() {
          return response.trailer;
        },
      };
    }) as unknown as ClientInterceptor;
    const { client } = await startBy(transport, handlers, {}, {}, { interceptors: [outside, inside] });
    await kinds[kind](client, "");
    await until(() => seen.length === 2);
    expect(seen).toEqual(["h", "t"]);
  },
);

test.each(everyWay)("$transport, $kind: a response stays what the client's codec makes of it", async ({ transport, kind }) => {
  const raw: CodecFactory = (schema) => {
    const codec = compiled(schema);
    return { ...codec, encode: (message) => codec.encode(message), decode: (bytes) => ({ bytes }) as never };
  };
  const interceptors: ClientInterceptor[] = [(_call, next) => next(), async (_call, next) => next()];
  const { client } = await startBy(
    transport,
    everyKind(() => "x"),
    {},
    {},
    { codec: raw, interceptors },
  );
  const bytes = toBinary(output, create(output, { text: "x" }));
  expect(await kinds[kind](client, "x")).toMatchObject([{ bytes: Buffer.from(bytes) }]);
});
