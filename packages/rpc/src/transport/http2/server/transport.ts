// The transport for calls over HTTP/2, on the engine of this repository.

import { Duplex } from "node:stream";
import {
  type Connection,
  createServer,
  type HeaderList,
  Http2Error,
  type Server,
  type Stream,
  type StreamHandler,
} from "@grpc-study/http2";
import type { SocketEntity } from "../../../channelz/entities.ts";
import { checkFunction, checkOptionNames, checkString, type Names, optional, wrongType } from "../../../checks.ts";
import { defaultServerLimits, type ServerLimits, withDefaults } from "../../../limits/limits.ts";
import type { Certificates } from "../../../security/certificates.ts";
import { type ServerTls, serverCertificates } from "../../../security/tls.ts";
import type { ListenAddress, Listening, ServedMethod, ServerTransport, UnknownCall, UnsentCall } from "../../server.ts";
import { CallStream } from "./call-stream.ts";
import { engineOptions } from "./engine-options.ts";
import { Listener } from "./listener.ts";
import { authorityOf, notGrpc, RequestHead, readHead, unknownMethod } from "./request-head.ts";
import { requestMetadata } from "./request-metadata.ts";
import { peerOf, ServerConnection } from "./server-connection.ts";

export interface Http2ServerOptions {
  /** Called with errors that methods and handlers throw, which indicates a bug. Default: ignored. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /**
   * Returns the method with a path that `add` was not called for. Called for each call, so the
   * methods may change at run time. If it returns the same object for the same method, a header that
   * a client repeats is read only once. Default: such calls end with UNIMPLEMENTED.
   */
  readonly find?: ((path: string) => ServedMethod | undefined) | undefined;
  /**
   * Called for each call to a method that is not served. It only observes: the call ends with
   * UNIMPLEMENTED. `onError` is called with what it throws. Default: none.
   */
  readonly onUnknown?: ((call: UnknownCall) => void) | undefined;
  /**
   * Serves the streams that are not gRPC: any HTTP method, and any content type except
   * `application/grpc` and `application/grpc+proto`. The values of headers may begin or end with
   * spaces. The handler enforces its own limits for bodies and times. Default: such requests get the
   * HTTP status 415.
   */
  readonly other?: ((stream: Stream, headers: HeaderList, endStream: boolean) => StreamHandler) | undefined;
}

const names: Names<Http2ServerOptions> = { onError: true, find: true, onUnknown: true, other: true };

/** The HTTP/2 transport. Its limits and `drain` cover the streams of `other`, too. */
export interface Http2ServerTransport extends ServerTransport {
  /**
   * Serves a connection that the caller has accepted, from its first byte. After TLS, ALPN must have
   * selected `h2`. After `drain`, the connection is destroyed. `maxConnections` does not apply.
   *
   * @param peer the peer for `ServerStream.peer`. Default: the remote address of the socket.
   * @throws TypeError for a wrong argument.
   */
  attach(duplex: Duplex, peer?: string): void;
}

/**
 * Creates the HTTP/2 transport of a server. `createServer` does it for services that are
 * implemented with handlers; use this function for a proxy, or for a server that speaks other
 * protocols besides gRPC.
 *
 * @param limits the limits for peers. Each limit documents its unit and its default.
 * @throws TypeError for an unknown option or a wrong type, RangeError for a limit that is out of
 * range.
 */
export function createHttp2ServerTransport(
  limits?: { readonly [Name in keyof ServerLimits]?: ServerLimits[Name] | undefined },
  options: Http2ServerOptions = {},
): Http2ServerTransport {
  checkOptionNames("createHttp2ServerTransport()", options, names);
  for (const [name, value] of Object.entries(options)) optional(checkFunction, name, value);
  return new Transport(withDefaults(defaultServerLimits, limits), options);
}

/** The handler of a stream that has already been answered. */
const answered: StreamHandler = {};

class Transport implements Http2ServerTransport {
  readonly #limits: ServerLimits;
  readonly #onError: (error: unknown) => void;
  readonly #onUnknown: ((call: UnknownCall) => void) | undefined;
  readonly #methods = new Map<string, ServedMethod>();
  readonly #engine: Server;
  readonly #listeners = new Set<Listener>();
  readonly #certificates = new WeakMap<ServerTls, Certificates>();
  /** The connections, until their sockets have sent the last bytes and are closed. */
  readonly #connections = new Map<Connection, ServerConnection>();
  #clock: NodeJS.Timeout | undefined;
  #drained: Promise<void> | undefined;

  constructor(limits: ServerLimits, { onError, find, onUnknown, other }: Http2ServerOptions) {
    this.#limits = limits;
    this.#onError = onError ?? (() => {});
    this.#onUnknown = onUnknown;
    const rules = { methods: this.#methods, find, takesOthers: other !== undefined, maxMetadataPairs: limits.maxMetadataPairs };
    const tellUnknown = (stream: Stream, list: HeaderList) => this.#tellUnknown(stream, list);
    this.#engine = createServer({
      ...engineOptions(limits),
      // The engine also reports the errors of peers, which are no bugs.
      ...(onError === undefined ? {} : { onError: (error) => error instanceof Http2Error || onError(error) }),
      onStream(stream: Stream, list: HeaderList, endStream: boolean): StreamHandler {
        const head = readHead(list, rules);
        if (head === notGrpc && other !== undefined) return other(stream, list, endStream);
        if (!(head instanceof RequestHead)) {
          stream.respond(head);
          if (head.memo === unknownMethod) tellUnknown(stream, list);
          return answered;
        }
        const call = new CallStream(stream, head, stream.connection.data as ServerConnection);
        try {
          call.start(endStream);
        } catch (thrown) {
          call.reset();
          throw thrown;
        }
        return call;
      },
    });
  }

  #tellUnknown({ connection }: Stream, list: HeaderList): void {
    if (this.#onUnknown === undefined) return;
    const { peer, secure } = connection.data as ServerConnection;
    const { path = "" } = list;
    try {
      this.#onUnknown({ path, metadata: requestMetadata(list), peer, authority: authorityOf(list), secure });
    } catch (error) {
      this.#onError(error);
    }
  }

  add(method: ServedMethod): void {
    if (this.#methods.has(method.path)) throw new TypeError(`the method ${method.path} is served already`);
    this.#methods.set(method.path, method);
  }

  async listen(address: ListenAddress, tls: ServerTls | undefined): Promise<Listening> {
    if (this.#drained !== undefined) throw new Error("the transport has been closed");
    const secure = tls === undefined ? undefined : { options: tls, certificates: this.#certificatesOf(tls) };
    const listener = new Listener(this.#limits, secure, (socket) => this.#accept(socket, peerOf(socket, address.path)));
    this.#listeners.add(listener);
    try {
      const port = await listener.listen(address);
      if (this.#drained !== undefined) throw new Error("the transport has been closed");
      const close = () => {
        this.#listeners.delete(listener);
        return listener.close();
      };
      return { port, close };
    } catch (error) {
      this.#listeners.delete(listener);
      void listener.close();
      throw error;
    }
  }

  /**
   * Addresses with the same options share their certificates: `localhost` means two addresses, and
   * a bad file is reported once.
   */
  #certificatesOf(tls: ServerTls): Certificates {
    const known = this.#certificates.get(tls);
    if (known?.watched) return known;
    const certificates = serverCertificates(tls);
    this.#certificates.set(tls, certificates);
    return certificates;
  }

  attach(duplex: Duplex, peer?: string): void {
    if (!(duplex instanceof Duplex)) throw wrongType("the stream of attach()", "a Duplex", duplex);
    this.#accept(duplex, optional(checkString, "the peer of attach()", peer) ?? peerOf(duplex, undefined));
    // The caller may have paused it.
    duplex.resume();
  }

  #accept(socket: Duplex, peer: string): void {
    if (this.#drained !== undefined) {
      socket.destroy();
      return;
    }
    const connection = this.#engine.attach(socket);
    const state = new ServerConnection(connection, peer, this.#limits, performance.now(), this.#onError);
    connection.data = state;
    this.#connections.set(connection, state);
    socket.once("close", () => this.#connections.delete(connection));
    this.#startClock();
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    for (const listener of this.#listeners) void listener.close();
    this.#listeners.clear();
    await Promise.all([...this.#connections.values()].map((connection) => connection.drain()));
  }

  unsent(): UnsentCall[] {
    const streams = [...this.#connections.keys()].flatMap((connection) => connection.listStreams());
    return streams.flatMap(({ handler }) => (handler instanceof CallStream && handler.ended ? [handler] : []));
  }

  destroy(): void {
    void this.drain();
    for (const connection of this.#connections.keys()) connection.destroy();
  }

  sockets(): readonly SocketEntity[] {
    return [...this.#connections.values()].map(({ socket }) => socket);
  }

  /** Starts one interval timer for all connections. It stops when there are none. */
  #startClock(): void {
    if (this.#clock !== undefined) return;
    const { bodyTimeoutMs, maxConnectionAgeMs, maxConnectionAgeGraceMs } = this.#limits;
    const period = Math.min(Math.max(Math.min(bodyTimeoutMs, maxConnectionAgeMs, maxConnectionAgeGraceMs) / 4, 10), 1_000);
    this.#clock = setInterval(() => {
      const now = performance.now();
      for (const state of this.#connections.values()) state.checkTimeouts(now);
      if (this.#connections.size > 0) return;
      clearInterval(this.#clock);
      this.#clock = undefined;
    }, period).unref();
  }
}
