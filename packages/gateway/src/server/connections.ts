// Tracks the connections of a server. Limits concurrent requests on HTTP/1.1 connections, and
// closes connections when the server closes.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface ConnectionsOptions {
  /** Maximum number of concurrent requests on one HTTP/1.1 connection. */
  readonly maxPipelined: number;
  /** Milliseconds for which a connection may stay paused without a response being sent. */
  readonly stalledMs: number;
}

/**
 * Maximum number of queued requests on all connections. The requests that Node parses from one read
 * of a socket are queued in any case.
 */
const maxWaiting = 20_000;
/** Milliseconds that a new connection has to send its first request while the server closes. */
const newMs = 1_000;

interface Connection {
  /**
   * The responses of the requests in flight: few, and mostly one. Not a Set: V8 keeps the tables that a
   * Set has replaced, and the responses in them, alive until the next full collection.
   */
  readonly running: ServerResponse[];
  readonly waiting: (() => void)[];
  /** When the connection opened, in milliseconds. */
  readonly since: number;
  /** `bytesRead` when the last request ended. Further bytes belong to the next request. */
  seenBytes: number;
  stallTimer: NodeJS.Timeout | undefined;
  /** Whether the socket has a `data` listener, so that pausing it works. */
  observed: boolean;
}

function ignore(): void {}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #connections = new Map<Socket, Connection>();
  #waiting = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Tracks a connection until it closes. */
  add(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection: Connection = {
      running: [],
      waiting: [],
      since: performance.now(),
      seenBytes: 0,
      stallTimer: undefined,
      observed: false,
    };
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#remove(socket, connection));
    return connection;
  }

  /**
   * Limits the concurrent requests on each HTTP/1.1 connection to `maxPipelined`. Pauses the
   * connection at the limit.
   */
  limit(handler: RequestListener): RequestListener {
    return (request, response) => {
      if (request.httpVersionMajor >= 2) {
        handler(request, response);
        return;
      }
      const { socket } = request;
      const connection = this.add(socket);
      if (connection.running.length < this.#options.maxPipelined) this.#begin(connection, handler, request, response);
      else this.#wait(socket, connection, () => this.#begin(connection, handler, request, response));
    };
  }

  /**
   * Closes connections without a complete or partial request. New connections have time to send
   * their first one.
   */
  closeIdle(): void {
    const now = performance.now();
    for (const [socket, { running, seenBytes, since }] of this.#connections) {
      const isNew = seenBytes === 0 && now - since < newMs;
      if (running.length === 0 && socket.bytesRead === seenBytes && !isNew) socket.destroy();
    }
  }

  /** Resolves once all connections are closed. */
  drained(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** Closes all connections. */
  closeAll(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  #begin(connection: Connection, handler: RequestListener, request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const { running } = connection;
    running.push(response);
    handler(request, response);
    // After the listeners of the handler, so that a request ends before the next one begins. `on`,
    // because `once` would allocate another function.
    response.on("close", () => {
      const place = running.indexOf(response);
      // Both this class and Node may emit the event.
      if (place < 0) return;
      running.splice(place, 1);
      if (running.length === 0) connection.seenBytes = socket.bytesRead;
      if (connection.stallTimer !== undefined) this.#next(socket, connection);
    });
  }

  #wait(socket: Socket, connection: Connection, begin: () => void): void {
    if (++this.#waiting > maxWaiting) {
      this.#waiting--;
      socket.destroy();
      return;
    }
    connection.waiting.push(begin);
    if (connection.stallTimer !== undefined) return;
    connection.stallTimer = setTimeout(() => socket.destroy(), this.#options.stalledMs);
    // Node's parser consumes data below the socket, even if it is paused, until the socket has a
    // `data` listener.
    if (!connection.observed) socket.on("data", ignore);
    connection.observed = true;
    socket.pause();
    // Node's server resumes the socket whenever a body is read or discarded.
    socket.resume = () => socket;
  }

  #next(socket: Socket, connection: Connection): void {
    connection.stallTimer?.refresh();
    while (connection.running.length < this.#options.maxPipelined) {
      const begin = connection.waiting.shift();
      if (begin === undefined) {
        this.#resume(socket, connection);
        return;
      }
      this.#waiting--;
      begin();
    }
  }

  /** Resumes the socket. */
  #resume(socket: Socket, connection: Connection): void {
    clearTimeout(connection.stallTimer);
    connection.stallTimer = undefined;
    Reflect.deleteProperty(socket, "resume");
    socket.resume();
  }

  #remove(socket: Socket, connection: Connection): void {
    this.#connections.delete(socket);
    if (this.#connections.size === 0) this.#drained?.resolve();
    clearTimeout(connection.stallTimer);
    this.#waiting -= connection.waiting.length;
    connection.waiting.length = 0;
    // Node only notifies the response that is being sent.
    for (const response of [...connection.running]) {
      if (response.closed) continue;
      response.destroy();
      response.emit("close");
    }
  }
}
