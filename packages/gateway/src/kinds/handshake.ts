// The handshake of a WebSocket.
import { Code } from "@grpc-study/rpc";
import type { HandshakeHandler } from "../adapters/upgrade.ts";
import type { Core, Guard } from "../core.ts";
import { quote } from "../fields/invalid-field.ts";
import { HttpError } from "../http/errors.ts";
import type { HttpRequest } from "../http/message.ts";
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
      if (request.problem !== undefined) throw request.problem;
      guard?.(request);
      checkOrigin(request, settings.pageOrigins);
      const { route, segments } = findStream(routes, request.path);
      const exchange = new WebSocketExchange(request, segments, settings);
      return (socket, connection) => void serveWebSocket(socket, connection, exchange, route);
    } catch (error) {
      new HttpExchange(request, response, settings).fail(error);
      return undefined;
    }
  };
}

/**
 * Finds the streaming method at a path. The handshake is a GET, whatever HTTP method the rule has.
 *
 * @throws HttpError 404 if no method matches, 400 if the method is unary.
 */
function findStream(router: Routes, path: string): Match<Route> {
  const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  const matches = methods.map((method) => router.find(method, path)).filter((found) => found !== undefined && "route" in found);
  const match = matches.find(({ route }) => route.calls.kind !== "unary");
  if (match !== undefined) return match;
  if (matches.length > 0) throw new HttpError(400, Code.INVALID_ARGUMENT, "a WebSocket needs a streaming method, but this one is unary");
  throw new HttpError(404, Code.NOT_FOUND, `no route matches ${path.slice(0, 200)}`);
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
