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
   * @param needsVersion whether a request that REST could serve, too, must say that it is of this
   * protocol.
   */
  accepts(request: HttpRequest, method: RpcMethod, needsVersion: boolean): boolean;
  /** Answers the request. It makes its own exchange, and never throws. */
  serve(request: HttpRequest, response: HttpResponse, method: RpcMethod, settings: Settings): void;
  /** Whether a request is of this protocol, whatever its path is. */
  isExplicit(request: HttpRequest): boolean;
  /** Answers a request with an error that is not of a call. Never throws. */
  reject(request: HttpRequest, response: HttpResponse, error: HttpError, settings: Settings): void;
}
