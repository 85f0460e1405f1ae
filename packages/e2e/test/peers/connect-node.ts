// connect-node: an independent gRPC stack on Node's http2.
import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { type DescMethodUnary, fromJson, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type Transport } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { callWithTransport } from "../gateway/clients/connect.ts";
import { type Caller, toProtoJson } from "./caller.ts";
import type { Replay } from "./replay.ts";

export interface ConnectTransport extends Transport, Disposable {}

export function createTransport(address: string): ConnectTransport {
  const baseUrl = `http://${address}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  return Object.assign(transport, { [Symbol.dispose]: () => sessionManager.abort() });
}

export const callWithConnect: Caller = async (address, call) => {
  using transport = createTransport(address);
  return await callWithTransport(transport, call);
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

export { Code as ConnectCode, ConnectError };
