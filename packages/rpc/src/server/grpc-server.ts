// A server of grpc-js, with its calls in our own hands.
//
// grpc-js listens, keeps its connections alive and ends them. What comes in a connection is taken from it, by one of its private methods: its calls keep a buffer for
// every DATA frame, wait for ever for a request that is not complete, cannot compress, and cost as much again as bare http2. Its http2 servers come from another
// private method, which is taken too: of Node's http2 options it knows three, and it counts no connections.
import type { Http2Server, Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Server, type ServerOptions, type UntypedHandleCall } from "@grpc/grpc-js";
import { Connection } from "../limits/connection.ts";
import { http2Options, type ServerLimits } from "../limits/limits.ts";
import { PendingBytes } from "../limits/pending-bytes.ts";
import { refusal, refuse } from "../limits/request-headers.ts";
import { LinkedSet } from "../linked-set.ts";
import { type Method, StreamCall } from "./stream-call.ts";

type HandleStream = (interceptors: readonly unknown[], stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** The private parts of `Server`. */
interface Parts {
  readonly commonServerOptions: { settings?: object };
  readonly handlers: ReadonlyMap<
    string,
    { readonly func: UntypedHandleCall; readonly type: "unary" | "clientStream" | "serverStream" | "bidi" }
  >;
  createHttp2Server(credentials: unknown): Http2Server;
  /** For its timers of connections that have nothing to do. */
  onStreamOpened(stream: ServerHttp2Stream): void;
  _streamHandler: HandleStream;
  _channelzHandler: HandleStream;
}

/**
 * @param options whose limits of messages count, -1 for none.
 * @param refusable the paths of methods whose interceptors run when the header has come, before anything is read of the request.
 */
export function createGrpcServer(limits: ServerLimits, options: ServerOptions, refusable: ReadonlySet<string>): Server {
  const server = new Server(options);
  const parts = server as unknown as Parts;
  const connections = new Map<Http2Session, Connection>();
  const incomplete = new LinkedSet<StreamCall>();
  const pendingCalls = new Set<StreamCall>();

  const shortest = Math.min(limits.handshakeTimeoutMs, limits.bodyTimeoutMs, limits.maxConnectionAgeMs, limits.maxConnectionAgeGraceMs);
  const periodMs = Math.min(Math.max(shortest / 4, 10), 1_000);
  const maxFrames = Math.ceil((limits.controlFramesPerSecond * periodMs) / 1_000);
  let clock: NodeJS.Timeout | undefined;
  const look = () => {
    const nowMs = performance.now();
    for (const connection of connections.values()) connection.look(nowMs);
    for (const call of incomplete) call.look(limits.bodyTimeoutMs, nowMs);
  };

  Object.assign(parts.commonServerOptions, http2Options(limits), {
    settings: { ...parts.commonServerOptions.settings, maxHeaderListSize: Math.min(limits.maxMetadataBytes, 2 ** 32 - 1) },
  });

  const { createHttp2Server } = parts;
  parts.createHttp2Server = function (this: Parts, credentials) {
    const http2Server = createHttp2Server.call(this, credentials);
    if (Number.isFinite(limits.maxConnections)) http2Server.maxConnections = limits.maxConnections;
    http2Server.on("session", (session) => {
      const connection = new Connection(session, limits, maxFrames, performance.now(), new PendingBytes(limits, pendingCalls));
      connections.set(session, connection);
      clock ??= setInterval(look, periodMs).unref();
      session.once("close", () => {
        connections.delete(session);
        connection.pending.close();
        if (connections.size > 0) return;
        clearInterval(clock);
        clock = undefined;
      });
    });
    return http2Server;
  };

  const methods = new Map<string, Method>();
  const methodAt = (path: string): Method | undefined => {
    const known = methods.get(path);
    if (known !== undefined) return known;
    const handler = parts.handlers.get(path);
    if (handler === undefined) return undefined;
    const { type, func: handle } = handler;
    const method = {
      path,
      handle,
      requestStream: type === "clientStream" || type === "bidi",
      responseStream: type === "serverStream" || type === "bidi",
      early: refusable.has(path),
      maxReceiveBytes: options["grpc.max_receive_message_length"] ?? limits.maxReceiveMessageBytes,
      maxSendBytes: options["grpc.max_send_message_length"] ?? -1,
      incomplete,
      pendingCalls,
    };
    methods.set(path, method);
    return method;
  };

  function take(this: Parts, _interceptors: readonly unknown[], stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const method = methodAt(headers[":path"] ?? "");
    const header = refusal(headers, method !== undefined);
    const pending = stream.session === undefined ? undefined : connections.get(stream.session)?.pending;
    if (header !== undefined || method === undefined || pending === undefined) {
      refuse(stream, header ?? {});
      return;
    }
    this.onStreamOpened(stream);
    new StreamCall(stream, headers, method, pending).start();
  }
  parts._streamHandler = take;
  parts._channelzHandler = take;
  return server;
}
