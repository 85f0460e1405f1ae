// What serves a protocol of RPC.
import type { Settings } from "../exchange.ts";
import type { HttpError } from "../http/errors.ts";
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
  /** Whether a request is of this protocol, whatever its path is. */
  isExplicit(request: HttpRequest): boolean;
  /** Answers a request with an error that is not of a call. Never throws. */
  reject(request: HttpRequest, response: HttpResponse, error: HttpError, settings: Settings): void;
}
