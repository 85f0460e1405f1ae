// Upgrades of HTTP/1.1 connections, for the event `upgrade` of any server of node:http or node:https.
// Only upgrades to WebSocket are taken. A server may ignore others (RFC 9110, section 7.8), and clients
// rely on it: curl and Java's HttpClient offer `h2c` with each request.
import { EventEmitter } from "node:events";
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { bearerProtocol } from "../http/bearer.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../http/message.ts";
import { type NodeListener, type NodeListenerOptions, nodeListener } from "./node.ts";

/** Serves a WebSocket. Never throws. `connection` is its socket. */
export type ServeWebSocket = (socket: WebSocket, connection: Duplex) => void;

/**
 * Checks a handshake. Returns what serves the WebSocket. Or answers the request, and returns
 * `undefined`. Never throws.
 */
export type HandshakeHandler = (request: HttpRequest, response: HttpResponse) => ServeWebSocket | undefined;

export interface UpgradeOptions extends Pick<NodeListenerOptions, "prefix" | "trustProxy"> {
  readonly handshake: HandshakeHandler;
  /** Answers requests that offer another upgrade, if their server is not known. */
  readonly handler: HttpHandler;
  /** Maximum size of a message, in bytes. Larger ones close the WebSocket with 1009. */
  readonly maxPayload: number;
}

/** Requests that have been taken: several gateways may listen to one server. */
const taken = new WeakSet<IncomingMessage>();

export class Upgrades {
  readonly #server: WebSocketServer;
  readonly #listener: NodeListener;
  /** What the handshake in progress has returned. */
  #accepted: ServeWebSocket | undefined;
  /** Serves one plain request of a connection whose server is not known. It never listens. */
  readonly #plain: Server;
  /** A listener for the event `upgrade`. As such, it has its server as `this`; otherwise it needs none. */
  readonly upgrade: (this: unknown, request: IncomingMessage, socket: Duplex, head: Buffer) => void;

  /** @throws TypeError for a `trustProxy` that is not valid. */
  constructor({ handshake, handler, maxPayload, ...options }: UpgradeOptions) {
    this.#server = new WebSocketServer({ noServer: true, maxPayload, handleProtocols });
    this.#listener = nodeListener((request, response) => {
      this.#accepted = handshake(request, response);
    }, options);
    const listener = nodeListener(handler, options);
    this.#plain = createServer((request, response) => {
      response.shouldKeepAlive = false;
      listener(request, response);
    });
    const take = this.#take.bind(this);
    this.upgrade = function (request, socket, head) {
      // In Bun, a server of node:http is not one of node:net.
      take(request, socket, head, this instanceof EventEmitter ? this : undefined);
    };
  }

  /** Rejects further handshakes with 503. Resolves once all WebSockets are closed. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Destroys the connections of the WebSockets that remain. */
  terminate(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  #take(request: IncomingMessage, socket: Duplex, head: Buffer, server: EventEmitter | undefined): void {
    if (isTaken(request)) return;
    if (isWebSocket(request)) this.#shake(request, socket, head);
    else ignoreUpgrade(server ?? this.#plain, request, socket, head);
  }

  #shake(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    this.#listener(request, response);
    const serve = this.#accepted;
    this.#accepted = undefined;
    if (serve === undefined) answer(response, request);
    else this.#server.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket, socket));
  }
}

/** Whether a gateway has the path of a handshake. */
export type HasPath = (request: IncomingMessage) => boolean;

/** What the gateways on a server have: each has a listener for its upgrades. */
const gatewaysOf = new WeakMap<EventEmitter, Set<HasPath>>();

/**
 * Returns a server that never listens. It emits the `upgrade` events of `server` that are for
 * WebSockets of the gateway. The server answers other requests that offer an upgrade, unless they have
 * another listener.
 */
export function webSocketUpgrades(server: EventEmitter, has: HasPath): Server {
  const upgrades = createServer();
  const gateways = gatewaysOf.get(server) ?? new Set();
  gatewaysOf.set(server, gateways.add(has));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (taken.has(request)) return;
    const isForUs = isWebSocket(request) && has(request);
    const isForOthers =
      isWebSocket(request) && ([...gateways].some((one) => one(request)) || server.listenerCount("upgrade") > gateways.size);
    if (!isForUs && isForOthers) return;
    taken.add(request);
    if (isForUs) upgrades.emit("upgrade", request, socket, head);
    else ignoreUpgrade(server, request, socket, head);
  });
  return upgrades;
}

/** Sends a response on a connection that Node no longer manages, and closes it. */
function answer(response: ServerResponse, { socket }: IncomingMessage): void {
  // Node has removed its own listeners. Without reading, the socket does not notice that the client
  // has gone.
  socket.on("error", () => socket.destroy());
  socket.on("end", () => socket.destroySoon());
  socket.resume();
  response.once("finish", () => socket.destroySoon());
  // Sends what has been written, too.
  response.assignSocket(socket);
}

function isTaken(request: IncomingMessage): boolean {
  if (taken.has(request)) return true;
  taken.add(request);
  return false;
}

/** Selects `bearer`, or else the first subprotocol. The token must not be echoed. */
export function handleProtocols(protocols: ReadonlySet<string>): string | false {
  if (protocols.has(bearerProtocol)) return bearerProtocol;
  const [first = false] = protocols;
  return first;
}

export function isWebSocket({ method, headers: { upgrade } }: IncomingMessage): boolean {
  return method === "GET" && upgrade?.toLowerCase() === "websocket";
}

/**
 * Hands the socket back to its server, from which Node has detached it, and replays the request without
 * its `Upgrade` header.
 */
function ignoreUpgrade(
  server: EventEmitter,
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  let header = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.toLowerCase() !== "upgrade") header += `${name}: ${rawHeaders[index + 1]}\r\n`;
  }
  socket.unshift(Buffer.concat([Buffer.from(`${header}\r\n`, "latin1"), head]));
  const secure = "encrypted" in socket && server.listenerCount("secureConnection") > 0;
  server.emit(secure ? "secureConnection" : "connection", socket);
  socket.resume();
}
