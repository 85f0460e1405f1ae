// Calls with a stream of responses: server and bidirectional streaming.
import { setTimeout as delay } from "node:timers/promises";
import type { CallsOf, Responses, Route } from "../route.ts";
import { bindBody, bindStream } from "./requests.ts";
import { chooseFormat, firstIndex, lastEventId } from "./response-format.ts";
import type { RestExchange } from "./rest-exchange.ts";
import { sendResponses } from "./send-responses.ts";

export async function serveServerStream(exchange: RestExchange, route: Route, { call }: CallsOf<"server_streaming">): Promise<void> {
  const { headers } = exchange.request;
  // An EventSource reconnects after the end of its stream.
  if (headers["last-event-id"] === lastEventId) {
    exchange.send(204);
    return;
  }
  const request = await bindBody(exchange, route);
  await stream(exchange, route, call(request, exchange.callOptions(route.timeoutMs)));
}

export async function serveBidiStream(exchange: RestExchange, route: Route, { call }: CallsOf<"bidi_streaming">): Promise<void> {
  const requests = await bindStream(exchange, route);
  await stream(exchange, route, call(requests, exchange.callOptions(route.timeoutMs)));
}

/**
 * Milliseconds for which the HTTP status waits for the first response: long enough for an error,
 * short enough for a quiet stream.
 */
const statusWaitMs = 1000;
/** Milliseconds for which it waits after the header: some servers send one before an error. */
const headerWaitMs = 50;

async function stream(exchange: RestExchange, route: Route, responses: Responses): Promise<void> {
  const { request, headers } = exchange;
  const first = responses.recv();
  const timer = new AbortController();
  const wait = (ms: number) => delay(ms, undefined, timer).catch(() => {});
  // An error before the first response sets the HTTP status.
  const header = responses.header().then(
    () => wait(headerWaitMs),
    () => first,
  );
  await Promise.race([first, header, wait(statusWaitMs)]).finally(() => timer.abort());

  const raw = isRaw(route);
  const format = chooseFormat(request.headers.accept);
  // Disables nginx's buffering, which would delay events.
  headers["cache-control"] = "no-store";
  headers["x-accel-buffering"] = "no";
  if (!raw) headers["content-type"] = format.contentType;
  if (request.method === "HEAD") {
    // The response has the headers of a GET. The type of raw bytes depends on the first response,
    // so it is omitted.
    first.catch(() => {});
    responses.cancel();
    // Not with a length: the GET has none (RFC 9110, section 8.6).
    exchange.start(200);
    exchange.response.end();
    return;
  }
  if (raw) {
    const response = await first;
    const printed = response && route.print(response);
    // The default for unknown content (RFC 9110, section 8.3).
    headers["content-type"] = (typeof printed === "object" && printed.contentType) || "application/octet-stream";
  }
  await sendResponses(exchange, {
    first,
    responses,
    route,
    format: raw ? undefined : format,
    firstIndex: firstIndex(format, request.headers["last-event-id"]),
  });
}

/** Whether responses are `google.api.HttpBody`, which is written unchanged. */
function isRaw({ binding }: Route): boolean {
  const { method, responseBody } = binding;
  const message = responseBody?.fieldKind === "message" ? responseBody.message : responseBody === undefined ? method.output : undefined;
  return message?.typeName === "google.api.HttpBody";
}
