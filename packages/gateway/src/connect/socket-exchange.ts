// A call of Connect over a WebSocket: its headers arrive in the first frame, because the page cannot set
// those of the handshake.
import type { Code, Metadata, RpcError } from "@grpc-study/rpc";
import type { WebSocket } from "ws";
import { Exchange, type Settings } from "../exchange.ts";
import type { HttpRequest, RequestHeaders } from "../http/message.ts";
import { metadataValues } from "../protocol/response-metadata.ts";
import { transparentMetadata } from "../protocol/transparent-metadata.ts";
import type { UpstreamCall } from "../route.ts";

export class ConnectSocketExchange extends Exchange {
  readonly #socket: WebSocket;
  /** The trailer, once the call has ended. `undefined` if it is empty. */
  trailer: Metadata | undefined;

  constructor(request: HttpRequest, settings: Settings, socket: WebSocket) {
    super(request, settings);
    this.#socket = socket;
  }

  /** @param limitMs the time limit of the method, in milliseconds. */
  callOptions(limitMs: number): UpstreamCall {
    return this.begin(transparentMetadata(this.request, this.settings.headerRules.forwarded), limitMs);
  }

  override onHeader(header: Metadata): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify({ headers: metadataValues(header) ?? {} }));
  }

  override onTrailer(trailer: Metadata): void {
    if (trailer.size > 0) this.trailer = trailer;
    super.onTrailer(trailer);
  }

  /** Logs an error, and takes its trailer. */
  failed(error: RpcError): void {
    this.log(error);
    // A local error, such as one of a hook, has its trailer with it.
    if (error.metadata.size > 0) this.trailer ??= error.metadata;
  }

  /** The call has ended, with this status. */
  ended(code: Code): void {
    this.observeEnd("connect", code, 101);
  }

  override abort(): void {
    this.#socket.terminate();
  }
}

/** A handshake with the headers of its first frame. */
export class RequestWithHeaders implements HttpRequest {
  readonly headers: RequestHeaders;
  readonly #handshake: HttpRequest;

  constructor(handshake: HttpRequest, headers: RequestHeaders) {
    this.#handshake = handshake;
    this.headers = headers;
  }

  get method() {
    return this.#handshake.method;
  }
  get path() {
    return this.#handshake.path;
  }
  get query() {
    return this.#handshake.query;
  }
  get version() {
    return this.#handshake.version;
  }
  get scheme() {
    return this.#handshake.scheme;
  }
  get host() {
    return this.#handshake.host;
  }
  get addresses() {
    return this.#handshake.addresses;
  }
  get requestId() {
    return this.#handshake.requestId;
  }
  get body() {
    return undefined;
  }
  get awaitsContinue() {
    return false;
  }
  get problem() {
    return undefined;
  }
}
