// Connect over a WebSocket, for pages: a browser sends the messages of a request stream one by one only
// over HTTP/2 with TLS, and receives responses only after the last one. The subprotocol is
// `connect.json`, the path that of the method.
//
// The client sends `{"headers":{…}}` first, then one text frame for each message, and an empty frame as
// the half-close. The gateway sends `{"headers":{…}}`, `{"message":…}` for each message, and
// `{"end":…}` with the EndStreamResponse of Connect, and then closes with 1000. A client that closes
// before the end cancels the call. A client whose first frame is `{"headers":{…},"window":100}` gets
// 100 messages, and more after each frame such as `+50`.
import type { Duplex } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import type { WebSocket } from "ws";
import type { Settings } from "../exchange.ts";
import type { HttpRequest, RequestHeaders } from "../http/message.ts";
import { Frames } from "../kinds/frames.ts";
import { sendPings } from "../kinds/pings.ts";
import { sendAll } from "../kinds/send-frames.ts";
import { formOf, type MethodForm } from "../protocol/method-form.ts";
import type { RpcMethod } from "../routes.ts";
import { Credit } from "./credit.ts";
import { endOfStream } from "./error.ts";
import { timeoutOf } from "./request-headers.ts";
import { ConnectSocketExchange, RequestWithHeaders } from "./socket-exchange.ts";
import { readFirstFrame } from "./socket-headers.ts";

export const connectSubprotocol = "connect.json";

/** Whether a handshake asks for Connect over a WebSocket. */
export function isConnectSocket({ "sec-websocket-protocol": protocols }: RequestHeaders): boolean {
  return protocols?.split(",").some((name) => name.trim() === connectSubprotocol) ?? false;
}

/** Serves one call. Never throws. */
export function serveConnectSocket(
  socket: WebSocket,
  connection: Duplex,
  handshake: HttpRequest,
  settings: Settings,
  method: RpcMethod,
): void {
  const { bodyTimeoutMs } = settings;
  sendPings(socket);
  socket.on("error", () => {});
  const start = performance.now();
  const reject = (error: RpcError) => {
    record(new ConnectSocketExchange(handshake, settings, socket), error.code, start);
    end(socket, `{"end":${endOfStream(undefined, error, undefined)}}`);
  };
  const closed = () => {
    clearTimeout(late);
    reject(new RpcError(Code.CANCELLED, "the WebSocket was closed before the first frame"));
  };
  const late = setTimeout(() => {
    socket.off("close", closed);
    socket.removeAllListeners("message");
    reject(new RpcError(Code.DEADLINE_EXCEEDED, `the first frame did not arrive within ${bodyTimeoutMs} ms`));
  }, bodyTimeoutMs);
  socket.once("close", closed);
  socket.once("message", (data) => {
    clearTimeout(late);
    socket.off("close", closed);
    try {
      const { headers, window } = readFirstFrame(handshake.headers, data as Buffer);
      const request = new RequestWithHeaders(handshake, headers);
      void call(socket, connection, new ConnectSocketExchange(request, settings, socket), method, new Credit(socket, window));
    } catch (error) {
      reject(RpcError.from(error));
    }
  });
}

async function call(
  socket: WebSocket,
  connection: Duplex,
  exchange: ConnectSocketExchange,
  method: RpcMethod,
  credit: Credit,
): Promise<void> {
  const { request, settings } = exchange;
  const start = performance.now();
  const form = formOf(method, "json");
  const requests = new Frames(socket, connection, exchange, { binary: false, read: (frame) => form.decode(frame), control: credit });
  const closed = (why: string) => {
    requests.fail(new RpcError(Code.CANCELLED, why));
    exchange.cancel();
  };
  socket.on("error", () => closed("the WebSocket received an invalid frame"));
  socket.on("close", () => closed("the WebSocket was closed"));
  let error: RpcError | undefined;
  try {
    exchange.limitTime(timeoutOf(request.headers));
    await exchange.authorize(method.method, "connect", method.timeoutMs);
    await run(socket, exchange, form, requests, method.timeoutMs, credit);
  } catch (thrown) {
    error = RpcError.from(thrown);
    exchange.failed(error);
  }
  exchange.cancel();
  record(exchange, error?.code ?? Code.OK, start);
  void requests.return();
  const visible = error && settings.errors.visible(error);
  end(socket, `{"end":${endOfStream(exchange.trailer, visible, method.options.json.registry)}}`);
}

/** Ends the observation of the request, and writes its line of the access log. */
function record(exchange: ConnectSocketExchange, code: Code, startMs: number): void {
  const { request, settings, observation } = exchange;
  exchange.ended(code);
  const durationMs = Math.round((performance.now() - startMs) * 1000) / 1000;
  const { path, requestId: reqId, addresses } = request;
  const fields = { reqId, method: "WEBSOCKET", path, protocol: "connect", grpc: Code[code], durationMs, peer: addresses[0] };
  settings.logger?.info({ ...fields, ...observation?.logFields }, "request");
}

async function run(
  socket: WebSocket,
  exchange: ConnectSocketExchange,
  form: MethodForm,
  requests: Frames,
  limitMs: number,
  credit: Credit,
): Promise<void> {
  const { calls, encode } = form;
  const send = (message: Message) => socket.send(`{"message":${encode(message)}}`);
  switch (calls.kind) {
    case "unary":
      return send(await calls.call(await single(requests, exchange), exchange.callOptions(limitMs)));
    case "server_streaming":
      return sendAll(socket, calls.call(await single(requests, exchange), exchange.callOptions(limitMs)), send, credit);
    case "client_streaming":
      return send(await calls.call(requests, exchange.callOptions(limitMs)));
    case "bidi_streaming":
      return sendAll(socket, calls.call(requests, exchange.callOptions(limitMs)), send, credit);
  }
}

/**
 * The request of a call with one. Further frames are ignored.
 *
 * @throws RpcError UNIMPLEMENTED without one, as in Connect.
 */
async function single(requests: Frames, exchange: ConnectSocketExchange): Promise<Message> {
  // The call, which is cancelled otherwise, has not begun.
  exchange.signal.addEventListener("abort", () => requests.fail(exchange.signal.reason));
  const { value } = await requests.next();
  exchange.signal.removeEventListener();
  if (value === undefined) throw new RpcError(Code.UNIMPLEMENTED, "the call has no request message");
  await requests.return();
  return value;
}

function end(socket: WebSocket, frame: string): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.send(frame);
  socket.close(1000);
}
