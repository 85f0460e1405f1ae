// Calls with one response: unary and client streaming.
import type { Message } from "@bufbuild/protobuf";
import { endOfTurn } from "../end-of-turn.ts";
import { compressed, isCompressible } from "../http/deflate.ts";
import { addHeaders } from "../http-exchange.ts";
import type { CallsOf, Route } from "../route.ts";
import { printWith } from "./body-codecs.ts";
import { rewritten } from "./print.ts";
import { bindBody, bindStream } from "./requests.ts";
import type { RestExchange } from "./rest-exchange.ts";

export async function serveUnary(exchange: RestExchange, route: Route, { call }: CallsOf<"unary">): Promise<void> {
  const bound = bindBody(exchange, route);
  const request = bound instanceof Promise ? await bound : bound;
  await endOfTurn();
  const response = await call(request, exchange.callOptions(route.timeoutMs));
  await respond(exchange, route, response);
}

export async function serveClientStream(exchange: RestExchange, route: Route, { call }: CallsOf<"client_streaming">): Promise<void> {
  const requests = await bindStream(exchange, route);
  await respond(exchange, route, await call(requests, exchange.callOptions(route.timeoutMs)));
}

/** Statuses whose responses have no body (RFC 9110, section 15). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

function respond(exchange: RestExchange, route: Route, response: Message): void | Promise<void> {
  const { headers, status } = exchange;
  addHeaders(headers, exchange.trailer);
  if (bodiless.has(status)) {
    exchange.send(status);
    return;
  }
  const result = rewritten(exchange, route, response);
  const printed = typeof result === "string" ? result : (printWith(exchange, route, result) ?? route.print(result));
  const [body, type] =
    typeof printed === "string" ? [printed, "application/json"] : [printed.data, printed.contentType || "application/octet-stream"];
  headers["content-type"] = type;
  if (!isCompressible(body.length, type)) exchange.send(status, body);
  else return compressed(exchange, body).then((content) => exchange.send(status, content));
}
