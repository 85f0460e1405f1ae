// What serves a protocol of RPC.
import type { Settings } from "../exchange.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import type { RpcMethod } from "../routes.ts";

/** Serves one protocol of RPC, such as Connect. */
export interface ProtocolHandler {
  /**
   * Whether a request for a method is of this protocol.
   *
   * @param hasRoute whether a REST route matches the request, too.
   */
  accepts(request: HttpRequest, method: RpcMethod, hasRoute: boolean): boolean;
  /** Answers the request. It makes its own exchange, and never throws. */
  serve(request: HttpRequest, response: HttpResponse, method: RpcMethod, settings: Settings): void;
  /**
   * Answers a request whose path no method and no route has, if the request is of this protocol.
   * Returns whether it is. Never throws.
   */
  unknown(request: HttpRequest, response: HttpResponse, settings: Settings): boolean;
}
