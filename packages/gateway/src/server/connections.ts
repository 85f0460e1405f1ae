// The connections of a server: how many requests of an HTTP/1.1 connection run at a time, and how all connections end with the server.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface ConnectionsOptions {
  /** Requests of one HTTP/1.1 connection that run at a time. */
  readonly maxPipelined: number;
  /** Milliseconds that a connection may stay unread because none of its requests ends. */
  readonly stalledMs: number;
}

/** Requests that wait behind others, of all connections. What Node's parser makes of one read of a socket waits in any case. */
const maxWaiting = 20_000;
/** How long the first request of a connection may be on its way when the server ends; milliseconds. */
const newMs = 1_000;

interface Connection {
  readonly running: Set<ServerResponse>;
  readonly waiting: (() => void)[];
  /** When it was made; milliseconds. */
  readonly since: number;
  /** `bytesRead` when the last request ended: what has come since then belongs to the next one. */
  seenBytes: number;
  stalled: NodeJS.Timeout | undefined;
  /** Whether its data goes through the socket. */
  followed: boolean;
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

  /** Follows a connection until it is closed. */
  add(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection: Connection = {
      running: new Set(),
      waiting: [],
      since: performance.now(),
      seenBytes: 0,
      stalled: undefined,
      followed: false,
    };
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#remove(socket, connection));
    return connection;
  }

  /** Passes requests on, those of one HTTP/1.1 connection no more than `maxPipelined` at a time; it is not read while there are more. */
  limit(handler: RequestListener): RequestListener {
    return (request, response) => {
      if (request.httpVersionMajor >= 2) {
        handler(request, response);
        return;
      }
      const { socket } = request;
      const connection = this.add(socket);
      if (connection.running.size < this.#options.maxPipelined) this.#begin(connection, handler, request, response);
      else this.#wait(socket, connection, () => this.#begin(connection, handler, request, response));
    };
  }

  /** Closes the connections that have no request, whole or in part. That of a new one may be on its way. */
  closeIdle(): void {
    const now = performance.now();
    for (const [socket, { running, seenBytes, since }] of this.#connections) {
      const isNew = seenBytes === 0 && now - since < newMs;
      if (running.size === 0 && socket.bytesRead === seenBytes && !isNew) socket.destroy();
    }
  }

  /** Resolves once there are no connections. */
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
    connection.running.add(response);
    response.once("close", () => {
      connection.running.delete(response);
      if (connection.running.size === 0) connection.seenBytes = socket.bytesRead;
      if (connection.stalled !== undefined) this.#next(socket, connection);
    });
    handler(request, response);
  }

  #wait(socket: Socket, connection: Connection, begin: () => void): void {
    if (++this.#waiting > maxWaiting) {
      this.#waiting--;
      socket.destroy();
      return;
    }
    connection.waiting.push(begin);
    if (connection.stalled !== undefined) return;
    connection.stalled = setTimeout(() => socket.destroy(), this.#options.stalledMs);
    // Node's parser takes what comes from below the socket, paused or not, until somebody listens to the data. From then on a pause is one.
    if (!connection.followed) socket.on("data", ignore);
    connection.followed = true;
    socket.pause();
    // Node's server resumes a socket whenever a body is read, or is not wanted.
    socket.resume = () => socket;
  }

  #next(socket: Socket, connection: Connection): void {
    connection.stalled?.refresh();
    while (connection.running.size < this.#options.maxPipelined) {
      const begin = connection.waiting.shift();
      if (begin === undefined) {
        this.#read(socket, connection);
        return;
      }
      this.#waiting--;
      begin();
    }
  }

  /** Reads the socket again. */
  #read(socket: Socket, connection: Connection): void {
    clearTimeout(connection.stalled);
    connection.stalled = undefined;
    Reflect.deleteProperty(socket, "resume");
    socket.resume();
  }

  #remove(socket: Socket, connection: Connection): void {
    this.#connections.delete(socket);
    if (this.#connections.size === 0) this.#drained?.resolve();
    clearTimeout(connection.stalled);
    this.#waiting -= connection.waiting.length;
    connection.waiting.length = 0;
    // Node tells only the response that has its turn.
    for (const response of connection.running) {
      if (response.closed) continue;
      response.destroy();
      response.emit("close");
    }
  }
}
