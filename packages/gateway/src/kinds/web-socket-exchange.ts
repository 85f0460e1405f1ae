// A call over a WebSocket.
import type { Code } from "@grpc-study/rpc";
import type { WebSocket } from "ws";
import { Exchange, type Settings } from "../exchange.ts";
import type { RequestTarget } from "../fields/bind-request.ts";
import { bearerOf } from "../http/bearer.ts";
import { requestMetadata } from "../http/headers.ts";
import type { HttpRequest } from "../http/message.ts";
import type { Route, UpstreamCall } from "../route.ts";
import type { Match } from "../router.ts";

/** A call over a WebSocket. */
export class WebSocketExchange extends Exchange implements RequestTarget {
  readonly segments: readonly string[];
  readonly query: string;
  /** The `Authorization` value in the handshake's subprotocols. */
  readonly #authorization: string | undefined;
  readonly #template: string;
  /** Set once the handshake is complete. */
  socket: WebSocket | undefined;

  /** @throws HttpError 400 if no token follows the subprotocol `bearer`. */
  constructor(request: HttpRequest, { route, segments }: Match<Route>, settings: Settings) {
    super(request, settings);
    this.segments = segments;
    this.#template = route.binding.template.text;
    this.query = request.query;
    this.#authorization = bearerOf(request.headers);
  }

  /** @param limitMs the time limit of the method. */
  callOptions(limitMs: number): UpstreamCall {
    const { request, settings } = this;
    return this.begin(requestMetadata(request, settings.headerRules, this.#authorization), limitMs);
  }

  override get route(): string {
    return this.#template;
  }

  /** The call has ended, with this status. */
  ended(code: Code): void {
    this.observeEnd("rest", code, 101);
  }

  override abort(): void {
    this.socket?.terminate();
  }
}
