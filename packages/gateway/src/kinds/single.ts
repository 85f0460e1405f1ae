// Calls with one response: unary and client streaming.
import { setImmediate as endOfTurn } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import type { HttpExchange } from "../exchange.ts";
import { compressed, isCompressible } from "../http/deflate.ts";
import { sendJson } from "../http/send-json.ts";
import type { CallsOf, Route } from "../route.ts";
import { bindBody, bindStream } from "./requests.ts";

export async function serveUnary(exchange: HttpExchange, route: Route, { call }: CallsOf<"unary">): Promise<void> {
  const request = await bindBody(exchange, route);
  const response = await call(request, exchange.callOptions());
  // Reads all requests that have arrived together before it answers the first. The responses then
  // follow each other without other work in between, so a peer on the same machine, such as a
  // proxy, does not sleep and wake for each of them. That costs more than a call does.
  await endOfTurn();
  await respond(exchange, route, response);
}

export async function serveClientStream(exchange: HttpExchange, route: Route, { call }: CallsOf<"client_streaming">): Promise<void> {
  const requests = await bindStream(exchange, route);
  await respond(exchange, route, await call(requests, exchange.callOptions()));
}

/** Statuses whose responses have no body (RFC 9110, section 15). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

async function respond({ reply, trailer, status }: HttpExchange, route: Route, response: Message): Promise<void> {
  for (const name in trailer) reply.header(name, trailer[name]);
  reply.code(status);
  if (bodiless.has(status)) {
    reply.send();
    return;
  }
  const printed = route.print(response);
  const [body, type] = typeof printed === "string" ? [printed, "application/json"] : [printed.data, printed.contentType];
  const content = isCompressible(body.length, type) ? await compressed(reply, body) : body;
  if (typeof content === "string") sendJson(reply, content);
  else {
    if (type) reply.type(type);
    reply.send(Buffer.from(content));
  }
}
