// `onMessageSize()` of calls and attempts, and `unknown` of a server's interceptors.
import { deflateSync, gzipSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { expect, onTestFinished, test, vi } from "vitest";
import { RequestSchema, ResponseSchema } from "../../test/gen/test_pb.js";
import { everyWay, failureOf, kindNames, kinds, startBy, startServer, type TestHandlers, TestService, until } from "../../test/harness.ts";
import { transports } from "../../test/transports.ts";
import {
  type ClientInterceptor,
  Code,
  createClient,
  type MessageSize,
  RpcError,
  type ServerInterceptor,
  type UnknownCall,
} from "../index.ts";

const text = "compressible ".repeat(50);
const requestBytes = toBinary(RequestSchema, { $typeName: "test.v1.Request", text, count: 0, data: new Uint8Array() });
const responseBytes = toBinary(ResponseSchema, { $typeName: "test.v1.Response", text, count: 0, data: new Uint8Array(), parts: [] });

/** Handlers that read every request, and respond once to each, or twice to one. */
const echo: TestHandlers = {
  unary: ({ text }) => ({ text }),
  async *serverStream({ text }) {
    yield { text };
    yield { text };
  },
  async clientStream(requests) {
    let text = "";
    for await (const request of requests) text = request.text;
    return { text };
  },
  async *bidiStream(requests) {
    for await (const { text } of requests) yield { text };
  },
};

const responses = { unary: 1, serverStream: 2, clientStream: 1, bidiStream: 1 } as const;

/** What each side has seen, with "end" in its place. */
function recorders() {
  const seen: Record<"client" | "server", (MessageSize | "end")[]> = { client: [], server: [] };
  const client: ClientInterceptor = (call, next) => {
    call.onMessageSize((message) => void seen.client.push(message));
    call.onEnd(() => void seen.client.push("end"));
    return next();
  };
  const server: ServerInterceptor = (call, next) => {
    call.onMessageSize((message) => void seen.server.push(message));
    call.onEnd(() => void seen.server.push("end"));
    return next();
  };
  return { seen, client, server };
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test.each(everyWay)("$transport, $kind: both sides learn the size of each message", async ({ transport, kind }) => {
  const { seen, client: observe, server } = recorders();
  const { client } = await startBy(transport, echo, { interceptors: [server] }, {}, { interceptors: [observe] });
  await kinds[kind](client, text);
  await until(() => seen.client.includes("end") && seen.server.includes("end"));
  const bytes = requestBytes.length;
  const foreign = transport === "grpc-js";
  const size = (direction: "sent" | "received", known: boolean): MessageSize => ({
    direction,
    bytes,
    wireBytes: known ? bytes : undefined,
  });
  const count = responses[kind];
  expect(seen.client).toEqual([size("sent", !foreign), ...times(count, size("received", !foreign)), "end"]);
  expect(seen.server).toEqual([size("received", !foreign), ...times(count, size("sent", true)), "end"]);
});

test.each(kindNames)("%s: with compression, the size on the wire is that of the compressed message", async (kind) => {
  const { seen, client: observe, server } = recorders();
  const { client } = await startBy("http2", echo, { interceptors: [server], compression: "gzip" }, {}, { interceptors: [observe] });
  await kinds[kind](client, text, { compression: "deflate" });
  await until(() => seen.client.includes("end") && seen.server.includes("end"));
  const sent = { bytes: requestBytes.length, wireBytes: deflateSync(requestBytes).length };
  const received = { bytes: responseBytes.length, wireBytes: gzipSync(responseBytes).length };
  expect(sent.wireBytes).toBeLessThan(sent.bytes / 5);
  const count = responses[kind];
  expect(seen.client).toEqual([{ direction: "sent", ...sent }, ...times(count, { direction: "received", ...received }), "end"]);
  // The end of the call follows the last message, which is compressed in another thread.
  expect(seen.server).toEqual([{ direction: "received", ...sent }, ...times(count, { direction: "sent", ...received }), "end"]);
});

test("a foreign client that compresses", async () => {
  const { seen, server } = recorders();
  const { address } = await startServer(echo, { interceptors: [server] });
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip,
  });
  onTestFinished(() => client.close());
  const asIs = (bytes: Buffer) => bytes;
  await new Promise((resolve, reject) => {
    client.makeUnaryRequest("/test.v1.TestService/Unary", asIs, asIs, Buffer.from(requestBytes), (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
  expect(seen.server[0]).toEqual({ direction: "received", bytes: requestBytes.length, wireBytes: gzipSync(requestBytes).length });
});

test("each attempt learns the sizes of its own messages, and the call those of all", async () => {
  const attempts: MessageSize["direction"][][] = [];
  const all: MessageSize["direction"][] = [];
  let calls = 0;
  const { address } = await startServer({
    unary: ({ text }) => {
      if (++calls < 3) throw new RpcError(Code.UNAVAILABLE, "not yet");
      return { text };
    },
  });
  using client = createClient(TestService, address, {
    retry: { codes: ["UNAVAILABLE"], maxAttempts: 3, initialBackoffMs: 1 },
    interceptors: [
      (call, next) => {
        call.onMessageSize(({ direction }) => void all.push(direction));
        call.onAttempt((attempt) => {
          const own: MessageSize["direction"][] = [];
          attempts.push(own);
          attempt.onMessageSize(({ direction }) => void own.push(direction));
          attempt.onMessageSize(() => {
            throw new Error("ignored");
          });
        });
        return next();
      },
    ],
  });
  await client.unary({ text });
  expect(attempts).toEqual([["sent"], ["sent"], ["sent", "received"]]);
  expect(all).toEqual(["sent", "sent", "sent", "received"]);
});

test("each observer of a server's call learns the request, and one that throws is reported", async () => {
  const seen: string[] = [];
  const reported: unknown[] = [];
  const observe =
    (name: string): ServerInterceptor =>
    (call, next) => {
      call.onMessageSize(({ direction }) => {
        seen.push(`${name} ${direction}`);
        if (name === "a") throw new Error("of an observer");
      });
      return next();
    };
  const { client } = await startBy("http2", echo, { interceptors: [observe("a"), observe("b")], onError: (error) => reported.push(error) });
  await client.unary({ text });
  expect(seen).toEqual(["a received", "b received", "a sent", "b sent"]);
  expect(reported).toMatchObject([{ message: "of an observer" }, { message: "of an observer" }]);
});

test.each(transports.filter((transport) => transport !== "grpc-js"))(
  "%s: a call to a method that the server does not have is reported to its interceptors",
  async (transport) => {
    const unknown: UnknownCall[] = [];
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => log.mockRestore());
    const interceptor = (given: Pick<ServerInterceptor, "unknown" | "enabled">): ServerInterceptor =>
      Object.assign<ServerInterceptor, typeof given>((_call, next) => next(), given);
    const { channel } = await startBy(transport, echo, {
      interceptors: [
        interceptor({ unknown: () => expect.fail("it is off"), enabled: () => false }),
        interceptor({
          unknown: () => {
            throw new Error("of unknown");
          },
        }),
        interceptor({ unknown: (call) => void unknown.push(call) }),
      ],
    });
    const missing = { ...TestService.method.unary, name: "Missing" };
    const renamed = { ...TestService, methods: [missing], method: { ...TestService.method, unary: missing } };
    const client = createClient(renamed as typeof TestService, channel);
    const error = await failureOf(client.unary({ text }, { metadata: { m: "x" } }));
    expect(error).toMatchObject({ code: Code.UNIMPLEMENTED });
    expect(log.mock.calls).toEqual([["unknown() of an interceptor:", new Error("of unknown")]]);
    expect(unknown).toHaveLength(1);
    expect(unknown[0]).toMatchObject({ path: "/test.v1.TestService/Missing", authority: channel.authority, secure: transport !== "http2" });
    expect(unknown[0]?.metadata.get("m")).toBe("x");
    expect(unknown[0]?.peer).toMatch(transport === "http2" ? /^127\.0\.0\.1:\d+$/ : /^in-process$/);
  },
);
