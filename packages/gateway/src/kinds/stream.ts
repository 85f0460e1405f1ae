// Calls with a stream of responses, in one HTTP response.
import { setTimeout as delay } from "node:timers/promises";
import { RpcError } from "@grpc-study/rpc";
import type { HttpExchange } from "../exchange.ts";
import type { CallsOf, Responses, Route } from "../route.ts";
import { bindBody, bindStream } from "./requests.ts";
import { ResponseBody } from "./response-body.ts";
import { chooseFormat, firstIndex, lastEventId } from "./response-format.ts";

export async function serveServerStream(exchange: HttpExchange, route: Route, { call }: CallsOf<"server_streaming">): Promise<void> {
  const { headers } = exchange.request;
  // An EventSource that connects again after the end.
  if (headers["last-event-id"] === lastEventId) {
    exchange.reply.code(204).send();
    return;
  }
  const request = await bindBody(exchange, route);
  await stream(exchange, route, call(request, exchange.callOptions()));
}

export async function serveBidiStream(exchange: HttpExchange, route: Route, { call }: CallsOf<"bidi_streaming">): Promise<void> {
  const requests = await bindStream(exchange, route);
  await stream(exchange, route, call(requests, exchange.callOptions()));
}

/** How long the HTTP status waits for what becomes of the call, in milliseconds: long enough for a refusal, not for a quiet stream. */
const statusWaitMs = 1000;
/** How long it waits once the header has come: some servers send one before they refuse. */
const headerWaitMs = 50;

async function stream(exchange: HttpExchange, route: Route, responses: Responses): Promise<void> {
  const { reply, request } = exchange;
  const first = responses.recv();
  const timer = new AbortController();
  const wait = (ms: number) => delay(ms, undefined, timer).catch(() => {});
  // An error that comes first has a status of its own.
  const header = responses.header().then(
    () => wait(headerWaitMs),
    () => first,
  );
  await Promise.race([first, header, wait(statusWaitMs)]).finally(() => timer.abort());

  const raw = rawFormat(route);
  const format = chooseFormat(request.headers.accept);
  // Nginx would keep events to itself.
  reply.header("cache-control", "no-store").header("x-accel-buffering", "no");
  if (request.method === "HEAD") {
    // Its header is that of a GET, and nobody reads on. The type of bytes is that of a response, which need not have come.
    if (!raw) reply.type(format.contentType);
    first.catch(() => {});
    responses.cancel();
    reply.send();
    return;
  }
  const body = new ResponseBody({
    first,
    responses,
    route,
    format: raw ? undefined : format,
    firstIndex: firstIndex(format, request.headers["last-event-id"]),
    failed: (thrown) => {
      const error = RpcError.from(thrown);
      request.grpcCode = error.code;
      exchange.log(error);
      return exchange.settings.errors.status(error);
    },
    waiting: () => {
      if (!reply.raw.headersSent) reply.raw.flushHeaders();
    },
    ended: () => {
      // RFC 9110, section 6.5.1: trailers are for whoever says that it takes them.
      if (/\btrailers\b/.test(String(request.headers.te))) reply.raw.addTrailers(exchange.trailer);
    },
  });
  if (raw) {
    const response = await first;
    const printed = response && route.print(response);
    // RFC 9110, section 8.3: bytes of which nobody says what they are.
    reply.type((typeof printed === "object" && printed.contentType) || "application/octet-stream");
  } else reply.type(format.contentType);
  reply.send(body);
}

/** Whether responses are written as they are. */
function rawFormat({ binding }: Route): boolean {
  const { method, responseBody } = binding;
  const message = responseBody?.fieldKind === "message" ? responseBody.message : responseBody === undefined ? method.output : undefined;
  return message?.typeName === "google.api.HttpBody";
}
