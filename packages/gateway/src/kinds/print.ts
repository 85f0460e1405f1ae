// Prints the responses of a call, with the hook for them.
import type { Message } from "@bufbuild/protobuf";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.js";
import type { Exchange } from "../exchange.ts";
import { notAPromise } from "../hook-results.ts";
import type { Route } from "../route.ts";

/** The response that the hook makes of a response: a message, or JSON. */
export function rewritten({ request, settings }: Exchange, { binding }: Route, response: Message): Message | string {
  const { response: hook } = settings.hooks;
  if (hook === undefined) return response;
  return notAPromise("response", hook(response, { request, protocol: "rest", method: binding.method })) ?? response;
}

/** Prints a response as JSON, or returns the content of a `google.api.HttpBody`. */
export function print(exchange: Exchange, route: Route, response: Message): string | HttpBody {
  const result = rewritten(exchange, route, response);
  return typeof result === "string" ? result : route.print(result);
}
