// Calls with one response: unary ones, and those with a stream of requests, which are the lines of the body.
import type { Message } from "@bufbuild/protobuf";
import type { FastifyReply } from "fastify";
import type { HttpExchange } from "../exchange.ts";
import { sendJson } from "../http/send-json.ts";
import type { CallsOf, Route } from "../route.ts";
import { bindBody, bindLines } from "./requests.ts";

export async function serveUnary(exchange: HttpExchange, route: Route, { call }: CallsOf<"unary">): Promise<FastifyReply> {
  const request = await bindBody(exchange, route);
  return respond(exchange, route, await call(request, exchange.callOptions()));
}

export async function serveClientStream(
  exchange: HttpExchange,
  route: Route,
  { call }: CallsOf<"client_streaming">,
): Promise<FastifyReply> {
  return respond(exchange, route, await call(bindLines(exchange, route), exchange.callOptions()));
}

function respond({ reply, trailer }: HttpExchange, route: Route, response: Message): FastifyReply {
  for (const name in trailer) reply.header(name, trailer[name]);
  const body = route.print(response);
  if (typeof body === "string") return sendJson(reply, body);
  if (body?.contentType) reply.type(body.contentType);
  return reply.send(Buffer.from(body?.data ?? []));
}
