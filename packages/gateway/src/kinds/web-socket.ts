// Streams over WebSocket: a text frame a message, both ways. An empty frame is the client's half-close. The end is a close: 1000 for OK, and
// 4000 + the gRPC code for anything else, with the message as the reason. A client that closes before its half-close cancels the call.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import type { WebSocket } from "@fastify/websocket";
import { Code, RpcError } from "@grpc-study/rpc";
import type { FastifyRequest } from "fastify";
import type { Exchange } from "../exchange.ts";
import { quote } from "../fields/invalid-field.ts";
import { HttpError } from "../http/errors.ts";
import type { Responses, Route } from "../route.ts";
import type { Match, Router } from "../router.ts";
import { Frames } from "./frames.ts";

/** RFC 6455, section 5.5: a close frame has 125 bytes, two of them for the code. */
const maxReasonBytes = 123;
/** How often a peer is asked whether it is still there, in milliseconds. One that does not answer until the next time is not. */
const pingMs = 30_000;
/** Responses after which others have their turn. */
const turnEvery = 64;
/** Bytes that may wait to be sent before the next response is asked for. */
const sendWindow = 64 * 1024;

/**
 * The streaming method at a path. The handshake is a GET, whatever the method's rule says.
 *
 * @throws HttpError 404 if there is none, 400 if the method there is unary.
 */
export function findStream(router: Router<Route>, path: string): Match<Route> {
  const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  const matches = methods.map((method) => router.find(method, path)).filter((found) => found !== undefined && "route" in found);
  const match = matches.find(({ route }) => route.calls.kind !== "unary");
  if (match !== undefined) return match;
  if (matches.length > 0) throw new HttpError(400, Code.INVALID_ARGUMENT, "the method here has no stream, and so no WebSocket");
  throw new HttpError(404, Code.NOT_FOUND, `there is nothing at ${path.slice(0, 200)}`);
}

/**
 * Refuses the pages of other origins: a browser opens a WebSocket to anywhere, cookies and all, and asks nobody before.
 *
 * @throws HttpError 403
 */
export function checkOrigin({ headers: { origin }, host }: FastifyRequest, allowed: readonly string[]): void {
  if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new HttpError(403, Code.PERMISSION_DENIED, `pages of ${quote(origin)} may not open a WebSocket here`);
}

export async function serveWebSocket(socket: WebSocket, exchange: Exchange, route: Route): Promise<void> {
  const { request } = exchange;
  const peer = request.ip;
  const start = performance.now();
  let alive = true;
  const pings = setInterval(() => {
    // A pong is not read while the socket is paused.
    if (!alive && !socket.isPaused) return socket.terminate();
    alive = false;
    socket.ping();
  }, pingMs);
  socket.on("pong", () => {
    alive = true;
  });
  const requests = new Frames(socket, exchange, route);
  // What is no WebSocket's, or too long. It has been told, by 1002, 1007 or 1009, and may take its time to close.
  socket.on("error", () => {
    requests.fail(new RpcError(Code.CANCELLED, "the WebSocket is broken"));
    exchange.cancel();
  });
  socket.on("close", () => {
    clearInterval(pings);
    requests.fail(new RpcError(Code.CANCELLED, "the WebSocket was closed"));
    exchange.cancel();
  });
  let error: RpcError | undefined;
  try {
    await converse(socket, exchange, route, requests);
  } catch (thrown) {
    error = RpcError.from(thrown);
    exchange.log(error);
  }
  exchange.cancel();
  const durationMs = Math.round((performance.now() - start) * 1000) / 1000;
  const path = request.url.split("?", 1)[0];
  request.log.info({ method: "WEBSOCKET", path, grpc: Code[error?.code ?? Code.OK], durationMs, peer }, "request");
  // A close is answered with one, which must be read.
  requests.return();
  if (error === undefined) socket.close(1000);
  else socket.close(4000 + error.code, shorten(exchange.settings.errors.visible(error).message));
}

async function converse(socket: WebSocket, exchange: Exchange, { calls, print, binder }: Route, requests: Frames): Promise<void> {
  const send = (response: Message) => {
    const printed = print(response);
    socket.send(typeof printed === "string" ? printed : printed.data);
  };
  const options = exchange.callOptions();
  switch (calls.kind) {
    case "unary":
      throw new RpcError(Code.UNIMPLEMENTED, "a unary method has no WebSocket");
    case "client_streaming":
      return send(await calls.call(requests, options));
    case "server_streaming": {
      const request = binder.body === "none" ? undefined : (await requests.next()).value;
      // It has no more requests: further frames are ignored.
      await requests.return();
      return sendAll(socket, calls.call(request ?? binder.bind(exchange.parts), options), send);
    }
    case "bidi_streaming":
      return sendAll(socket, calls.call(requests, options), send);
  }
}

async function sendAll(socket: WebSocket, responses: Responses, send: (response: Message) => void): Promise<void> {
  let count = 0;
  for (let response = await responses.recv(); response !== undefined; response = await responses.recv()) {
    // Its close event may be yet to come.
    if (socket.readyState !== socket.OPEN) throw new RpcError(Code.CANCELLED, "the WebSocket was closed");
    send(response);
    if (socket.bufferedAmount > sendWindow) await drained(socket);
    // Without a socket upstream, nothing else might ever make way for other calls.
    else if (++count % turnEvery === 0) await nextTurn();
  }
}

/** Resolves once the socket has taken what waits; at once, if it has been closed. */
function drained(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", resolve);
    // Answered in the order of frames: all that came before has been written by then.
    socket.ping("", undefined, () => {
      socket.off("close", resolve);
      resolve();
    });
  });
}

function shorten(reason: string): string {
  if (Buffer.byteLength(reason) <= maxReasonBytes) return reason;
  // A character that is cut in two is replaced, and goes.
  const cut = Buffer.from(reason)
    .subarray(0, maxReasonBytes - 3)
    .toString();
  return `${cut.replace(/\ufffd+$/, "")}…`;
}
