// connect-node: an independent gRPC stack on Node's http2.
import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { type DescMethodStreaming, type DescMethodUnary, fromJson, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type Transport } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type Caller, ok, requestsOf, toProtoJson } from "./caller.ts";
import type { Replay } from "./replay.ts";

export interface ConnectTransport extends Transport, Disposable {}

export function createTransport(address: string): ConnectTransport {
  const baseUrl = `http://${address}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  return Object.assign(transport, { [Symbol.dispose]: () => sessionManager.abort() });
}

export const callWithConnect: Caller = async (address, { method, requests, take }) => {
  using transport = createTransport(address);
  const messages = requestsOf({ method, requests });
  const responses: Message[] = [];
  const leave = new AbortController();
  const result = (ending: { code: number; message: string }) => ({
    responses: responses.map((response) => toProtoJson(method.output, response)),
    ...ending,
  });
  try {
    if (method.methodKind === "unary") {
      const { message } = await transport.unary(method as DescMethodUnary, leave.signal, undefined, undefined, messages[0] as Message);
      responses.push(message);
    } else {
      const call = await transport.stream(method as DescMethodStreaming, leave.signal, undefined, undefined, iterate(messages));
      for await (const response of call.message) {
        responses.push(response);
        if (responses.length === take) break;
      }
      leave.abort();
    }
    return result(ok);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return result({ code: error.code, message: error.rawMessage });
  }
};

export interface ForeignServer extends AsyncDisposable {
  readonly address: string;
}

/** Serves the given routes with connect-node. */
export async function serveConnect(routes: (router: ConnectRouter) => void): Promise<ForeignServer> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(connectNodeAdapter({ routes, grpcWeb: false, connect: false }));
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Serves the methods of a replay. */
export function serveReplayWithConnect(replay: Replay): Promise<ForeignServer> {
  return serveConnect((router) => {
    for (const method of replay.methods) {
      const { methodKind, input, output } = method;
      const start = () => {
        const { receive, rest } = replay.start(method);
        const toMessages = (responses: readonly object[]) => responses.map((response) => fromJson(output, response as never));
        return {
          receive: (request: Message) => toMessages(receive(toProtoJson(input, request))),
          rest: () => toMessages(rest()),
        };
      };
      const implementation: { [kind in typeof methodKind]: unknown } = {
        unary(request: Message) {
          const { receive, rest } = start();
          return [...receive(request), ...rest()][0];
        },
        async *server_streaming(request: Message) {
          const { receive, rest } = start();
          yield* receive(request);
          yield* rest();
        },
        async client_streaming(requests: AsyncIterable<Message>) {
          const { receive, rest } = start();
          for await (const request of requests) receive(request);
          return rest()[0];
        },
        async *bidi_streaming(requests: AsyncIterable<Message>) {
          const { receive, rest } = start();
          for await (const request of requests) yield* receive(request);
          yield* rest();
        },
      };
      router.rpc(method as DescMethodUnary, implementation[methodKind] as never);
    }
  });
}

async function* iterate<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values;
}

export { Code as ConnectCode, ConnectError };
