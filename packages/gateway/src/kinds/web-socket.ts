// Streams over WebSocket: one text frame for each message, in both directions. An empty frame from
// the client is a half-close. The gateway closes with 1000 for OK, or with 4000 + the gRPC code and
// the message as the reason. A client that closes before its half-close cancels the call.

import type { Duplex } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import type { WebSocket } from "ws";
import { timeoutOf } from "../http/headers.ts";
import type { Route } from "../route.ts";
import { type FrameReader, Frames } from "./frames.ts";
import { sendPings } from "./pings.ts";
import { print } from "./print.ts";
import { sendAll } from "./send-frames.ts";
import type { WebSocketExchange } from "./web-socket-exchange.ts";

/** A close frame has a payload of 125 bytes, two of them for the code (RFC 6455, section 5.5). */
const maxReasonBytes = 123;

export async function serveWebSocket(socket: WebSocket, connection: Duplex, exchange: WebSocketExchange, route: Route): Promise<void> {
  const { request, settings } = exchange;
  exchange.socket = socket;
  const [peer] = request.addresses;
  const start = performance.now();
  sendPings(socket);
  const requests = new Frames(socket, connection, exchange, requestReader(exchange, route));
  // The frame is malformed or too large. `ws` has sent 1002, 1007 or 1009; the close may still take
  // a while.
  socket.on("error", () => {
    requests.fail(new RpcError(Code.CANCELLED, "the WebSocket received an invalid frame"));
    exchange.cancel();
  });
  socket.on("close", () => {
    requests.fail(new RpcError(Code.CANCELLED, "the WebSocket was closed"));
    exchange.cancel();
  });
  let error: RpcError | undefined;
  try {
    await runCall(socket, exchange, route, requests);
  } catch (thrown) {
    error = RpcError.from(thrown);
    exchange.log(error);
  }
  exchange.cancel();
  const durationMs = Math.round((performance.now() - start) * 1000) / 1000;
  const { path, requestId: reqId } = request;
  const code = error?.code ?? Code.OK;
  exchange.ended(code);
  const fields = { reqId, method: "WEBSOCKET", path, protocol: "rest", grpc: Code[code], durationMs, peer };
  settings.logger?.info({ ...fields, ...exchange.observation?.logFields }, "request");
  // The socket must be read to receive the peer's close frame.
  requests.return();
  if (error === undefined) socket.close(1000);
  else socket.close(4000 + error.code, shorten(exchange.settings.errors.visible(error).message));
}

/** Reads messages by the rule of a route: JSON, or the chunks of a `google.api.HttpBody`. */
function requestReader(exchange: WebSocketExchange, { binder }: Route): FrameReader {
  if (binder.body !== "raw") return { binary: false, read: (frame) => binder.bind(exchange, frame.toString()) };
  // A browser cannot send the header. The default for unknown content is bytes (RFC 9110, section
  // 8.3).
  const { "content-type": contentType = "application/octet-stream" } = exchange.request.headers;
  return { binary: true, read: (frame) => binder.bind(exchange, { contentType, data: new Uint8Array(frame) }) };
}

async function runCall(socket: WebSocket, exchange: WebSocketExchange, route: Route, requests: Frames): Promise<void> {
  const { calls, binder, timeoutMs } = route;
  const send = (response: Message) => {
    const printed = print(exchange, route, response);
    socket.send(typeof printed === "string" ? printed : printed.data);
  };
  exchange.limitTime(timeoutOf(exchange.request.headers));
  await exchange.authorize(route.binding.method, "rest", timeoutMs);
  const options = exchange.callOptions(timeoutMs);
  switch (calls.kind) {
    case "unary":
      throw new RpcError(Code.UNIMPLEMENTED, "a unary method does not support WebSocket");
    case "client_streaming":
      return send(await calls.call(requests, options));
    case "server_streaming": {
      // The call, which is cancelled otherwise, has not begun.
      exchange.signal.addEventListener("abort", () => requests.fail(exchange.signal.reason));
      const request = binder.body === "none" ? undefined : (await requests.next()).value;
      exchange.signal.removeEventListener();
      // The call has one request. Further frames are ignored.
      await requests.return();
      return sendAll(socket, calls.call(request ?? binder.bind(exchange), options), send);
    }
    case "bidi_streaming":
      return sendAll(socket, calls.call(requests, options), send);
  }
}

function shorten(reason: string): string {
  if (Buffer.byteLength(reason) <= maxReasonBytes) return reason;
  // Drops a character that was cut in two.
  const cut = Buffer.from(reason)
    .subarray(0, maxReasonBytes - 3)
    .toString();
  return `${cut.replace(/\ufffd+$/, "")}…`;
}
