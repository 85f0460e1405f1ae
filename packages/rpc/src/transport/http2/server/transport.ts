// The transport for calls over HTTP/2, on the engine of this repository.

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Connection, createServer, type HeaderList, type Server, type Stream, type StreamHandler } from "@grpc-study/http2";
import type { ServerLimits } from "../../../limits/limits.ts";
import type { Certificates } from "../../../security/certificates.ts";
import { type ServerTls, serverCertificates } from "../../../security/tls.ts";
import type { ListenAddress, Listening, ServedMethod, ServerTransport, UnsentCall } from "../../server.ts";
import { CallStream } from "./call-stream.ts";
import { engineOptions } from "./engine-options.ts";
import { Listener } from "./listener.ts";
import { RequestHead, readHead } from "./request-head.ts";
import { peerOf, ServerConnection } from "./server-connection.ts";

/**
 * Creates the HTTP/2 transport of a server.
 *
 * @param onError called with errors that listeners throw, which indicates a bug.
 */
export function createHttp2ServerTransport(limits: ServerLimits, onError?: (error: unknown) => void): ServerTransport {
  return new Http2ServerTransport(limits, onError);
}

/** The handler of a stream that has already been answered. */
const answered: StreamHandler = {};

class Http2ServerTransport implements ServerTransport {
  readonly #limits: ServerLimits;
  readonly #methods = new Map<string, ServedMethod>();
  readonly #engine: Server;
  readonly #listeners = new Set<Listener>();
  readonly #certificates = new WeakMap<ServerTls, Certificates>();
  /** The connections, until their sockets have sent the last bytes and are closed. */
  readonly #connections = new Map<Connection, ServerConnection>();
  #clock: NodeJS.Timeout | undefined;
  #drained: Promise<void> | undefined;

  constructor(limits: ServerLimits, onError: ((error: unknown) => void) | undefined) {
    this.#limits = limits;
    const rules = { methods: this.#methods, maxMetadataPairs: limits.maxMetadataPairs };
    this.#engine = createServer({
      ...engineOptions(limits),
      ...(onError === undefined ? {} : { onError }),
      onStream(stream: Stream, list: HeaderList, endStream: boolean): StreamHandler {
        const head = readHead(list, rules);
        if (!(head instanceof RequestHead)) {
          stream.respond(head);
          return answered;
        }
        const call = new CallStream(stream, head, stream.connection.data as ServerConnection);
        call.start(endStream);
        return call;
      },
    });
  }

  add(method: ServedMethod): void {
    if (this.#methods.has(method.path)) throw new TypeError(`the method ${method.path} is served already`);
    this.#methods.set(method.path, method);
  }

  async listen(address: ListenAddress, tls: ServerTls | undefined): Promise<Listening> {
    if (this.#drained !== undefined) throw new Error("the transport has been closed");
    const secure = tls === undefined ? undefined : { options: tls, certificates: this.#certificatesOf(tls) };
    const listener = new Listener(this.#limits, secure, (socket) => this.#accept(socket, address.path));
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

  #accept(socket: Socket | TLSSocket, path: string | undefined): void {
    if (this.#drained !== undefined) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket, path);
    const connection = this.#engine.attach(socket);
    const state = new ServerConnection(connection, peer, this.#limits, performance.now());
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
