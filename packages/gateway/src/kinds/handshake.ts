// The handshake of a WebSocket.
import { Code } from "@grpc-study/rpc";
import type { HandshakeHandler } from "../adapters/upgrade.ts";
import { serveConnectSocket } from "../connect/socket.ts";
import { type Core, check, type Guard } from "../core.ts";
import { quote } from "../fields/invalid-field.ts";
import { HttpError } from "../http/errors.ts";
import type { HttpRequest, RequestHeaders } from "../http/message.ts";
import { HttpExchange } from "../http-exchange.ts";
import type { Route } from "../route.ts";
import type { Match } from "../router.ts";
import type { Routes } from "../routes.ts";
import { serveWebSocket } from "./web-socket.ts";
import { WebSocketExchange } from "./web-socket-exchange.ts";

/** Checks a handshake before it is accepted, so that an error is an HTTP response. */
export function handshakeHandler(core: Core, guard: Guard | undefined): HandshakeHandler {
  return (request, response) => {
    const { routes, settings } = core;
    try {
      check(request, guard);
      checkOrigin(request, settings.pageOrigins);
      const method = core.socketMethod(request);
      if (method !== undefined) {
        checkHeaders(request.headers);
        return (socket, connection) => serveConnectSocket(socket, connection, request, settings, method);
      }
      const match = findStream(routes, request.path);
      if (match === undefined) throw noStream(routes, request.path);
      checkHeaders(request.headers);
      const exchange = new WebSocketExchange(request, match, settings);
      return (socket, connection) => void serveWebSocket(socket, connection, exchange, match.route);
    } catch (error) {
      new HttpExchange(request, response, settings).fail(error);
      return undefined;
    }
  };
}

function matchesOf(routes: Routes, path: string): Match<Route>[] {
  return routes.verbs.map((verb) => routes.match(verb, path)).filter((found) => found !== undefined);
}

/** Finds the streaming method at a path. The handshake is a GET, whatever HTTP method the rule has. */
export function findStream(routes: Routes, path: string): Match<Route> | undefined {
  return matchesOf(routes, path).find(({ route }) => route.binding.method.methodKind !== "unary");
}

/** Whether a method has a path, whatever its kind and HTTP method are. */
export function hasPath(routes: Routes, path: string): boolean {
  return matchesOf(routes, path).length > 0;
}

/** The error of a handshake at a path without a streaming method: 404, or 400 if it has a unary one. */
function noStream(routes: Routes, path: string): HttpError {
  return hasPath(routes, path)
    ? new HttpError(400, Code.INVALID_ARGUMENT, "a WebSocket needs a streaming method, but this one is unary")
    : new HttpError(404, Code.NOT_FOUND, `no route matches ${path.slice(0, 200)}`);
}

/**
 * Checks the headers of a handshake (RFC 6455, section 4.2.1). `ws` would respond with HTML.
 *
 * @throws HttpError 400 for an invalid key, 426 for another version.
 */
function checkHeaders({ "sec-websocket-key": key = "", "sec-websocket-version": version = "" }: RequestHeaders): void {
  if (version !== "13") {
    const supported = { "sec-websocket-version": "13", upgrade: "websocket" };
    throw new HttpError(426, Code.INVALID_ARGUMENT, `sec-websocket-version must be 13, got ${quote(version)}`, supported);
  }
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) {
    throw new HttpError(400, Code.INVALID_ARGUMENT, `sec-websocket-key must be 16 bytes in base64, got ${quote(key)}`);
  }
}

/**
 * Rejects pages of other origins. A browser opens a WebSocket to any host, with cookies and without
 * a CORS preflight.
 *
 * @throws HttpError 403 if the origin is neither the gateway's own nor allowed.
 */
function checkOrigin({ headers: { origin }, host }: HttpRequest, allowed: readonly string[]): void {
  if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new HttpError(403, Code.PERMISSION_DENIED, `pages of ${quote(origin)} may not open a WebSocket here`);
}
