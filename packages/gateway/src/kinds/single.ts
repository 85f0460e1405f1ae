// Calls with one response: unary ones, and those with a stream of requests, which are the lines of the body.
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
  // Requests that have come together are all read before the first is answered. Between two responses there is no other work then, so that a
  // peer on the same machine, a proxy above all, is not put to sleep and woken up for each of them, which costs this side more than a call does.
  await endOfTurn();
  await respond(exchange, route, response);
}

export async function serveClientStream(exchange: HttpExchange, route: Route, { call }: CallsOf<"client_streaming">): Promise<void> {
  const requests = await bindStream(exchange, route);
  await respond(exchange, route, await call(requests, exchange.callOptions()));
}

/** Statuses of responses without a body (RFC 9110, section 15). */
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
