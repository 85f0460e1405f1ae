// Holds a server of grpc-js to its limits: those that it does not know itself.
//
// grpc-js 1.14 hands Node's http2 three of its options, counts no connections, waits for ever for a request that is not complete, and serves requests that are
// none. Its http2 servers come from one private method, and requests go through another; both are taken here, for one server, before it listens.
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { Code } from "../code.ts";
import { Connection } from "./connection.ts";
import { http2Options, type ServerLimits } from "./limits.ts";
import { MessageReader } from "./message-reader.ts";
import { refusal, refuse } from "./request-headers.ts";
import { type BaseCall, Incomplete, IncompleteCalls } from "./slow-requests.ts";

type HandleStream = (interceptors: readonly unknown[], stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** The private parts of `Server`. */
interface Parts {
  readonly commonServerOptions: { settings?: object };
  readonly handlers: ReadonlyMap<string, unknown>;
  createHttp2Server(credentials: unknown): Http2Server;
  _streamHandler: HandleStream;
  _channelzHandler: HandleStream;
}

/** @param maxReceiveBytes the most bytes of a message; -1 for any. */
export function enforceLimits(server: Server, limits: ServerLimits, maxReceiveBytes: number): void {
  const parts = server as unknown as Parts;
  const connections = new Map<ServerHttp2Session, Connection>();
  const incomplete = new IncompleteCalls();

  const shortest = Math.min(limits.handshakeTimeoutMs, limits.bodyTimeoutMs);
  const periodMs = Math.min(Math.max(shortest / 4, 10), 1_000);
  const maxFrames = Math.ceil((limits.controlFramesPerSecond * periodMs) / 1_000);
  let clock: NodeJS.Timeout | undefined;
  const look = () => {
    const nowMs = performance.now();
    for (const connection of connections.values()) connection.look(nowMs, limits.handshakeTimeoutMs);
    incomplete.look(limits.bodyTimeoutMs, nowMs);
  };

  Object.assign(parts.commonServerOptions, http2Options(limits), {
    settings: { ...parts.commonServerOptions.settings, maxHeaderListSize: Math.min(limits.maxMetadataBytes, 2 ** 32 - 1) },
  });

  const { createHttp2Server } = parts;
  parts.createHttp2Server = function (this: Parts, credentials) {
    const http2Server = createHttp2Server.call(this, credentials);
    if (Number.isFinite(limits.maxConnections)) http2Server.maxConnections = limits.maxConnections;
    http2Server.on("session", (session) => {
      connections.set(session, new Connection(session, maxFrames, performance.now()));
      clock ??= setInterval(look, periodMs).unref();
      session.once("close", () => {
        connections.delete(session);
        if (connections.size > 0) return;
        clearInterval(clock);
        clock = undefined;
        incomplete.clear();
      });
    });
    return http2Server;
  };

  // The first interceptor is the one that is given grpc-js's own call.
  const own = ({ requestStream }: { readonly requestStream: boolean }, call: BaseCall) => {
    const { handleEndEvent } = call;
    const one = new Incomplete(call, !requestStream);
    call.decoder = new MessageReader(maxReceiveBytes);
    call.handleEndEvent = () => {
      incomplete.delete(one);
      if (call.decoder.inside) call.sendStatus({ code: Code.INTERNAL, details: "the request ended in the middle of a message" });
      else handleEndEvent.call(call);
    };
    incomplete.add(one);
    return call;
  };

  const hasMethod = (path: string) => parts.handlers.has(path);
  for (const name of ["_streamHandler", "_channelzHandler"] as const) {
    const handle = parts[name];
    parts[name] = function (this: Parts, interceptors, stream, headers) {
      const header = refusal(headers, hasMethod);
      if (header === undefined) handle.call(this, [own, ...interceptors], stream, headers);
      else refuse(stream, header);
    };
  }
}
