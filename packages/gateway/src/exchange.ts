// One request to the gateway: the state and the call options that every kind of call needs.
import { Code, type Metadata, type MetadataInit, RpcError } from "@grpc-study/rpc";
import type { Linked, LinkedSet } from "@grpc-study/rpc/linked-set";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { CallLimits } from "./call-limits.ts";
import { Cancellation } from "./cancellation.ts";
import type { RequestTarget } from "./fields/bind-request.ts";
import type { BodyLimits } from "./http/body.ts";
import { type ErrorWriter, httpHeaders } from "./http/errors.ts";
import type { HeaderRules } from "./http/header-rules.ts";
import { metadataStatus, type RequestSource, requestIdOf, requestMetadata, responseHeaders, timeoutOf } from "./http/headers.ts";
import { isAborted, isDestroyed } from "./http/response-state.ts";
import { sendJson } from "./http/send-json.ts";
import type { UpstreamCall } from "./route.ts";
import type { UpstreamConnection } from "./upstreams.ts";

/** The settings that all requests of a gateway share. */
export interface Settings extends BodyLimits {
  readonly errors: ErrorWriter;
  readonly headerRules: HeaderRules;
  /** Maximum duration of a call, in milliseconds. */
  readonly timeoutMs: number;
  /** The calls in flight, so that shutdown can cancel them. */
  readonly running: LinkedSet<Exchange>;
  readonly callLimits: CallLimits;
}

/** One request. It is also the options of its call: one allocation instead of five. */
export class Exchange implements Linked<Exchange>, UpstreamCall {
  readonly request: FastifyRequest;
  readonly target: RequestTarget;
  readonly settings: Settings;
  readonly requestId: string;
  readonly signal = new Cancellation();
  metadata: MetadataInit = {};
  timeoutMs = Number.POSITIVE_INFINITY;
  /** The `Authorization` value of a client that cannot set the header. */
  authorization: string | undefined;
  #trailer: Metadata | undefined;
  /** The key of the client in `callLimits`, while the call is in flight. */
  #client: string | undefined;
  /** The connection of the call, while the call is in flight. */
  #connection: UpstreamConnection | undefined;
  previous: Exchange | undefined;
  next: Exchange | undefined;

  constructor(request: FastifyRequest, target: RequestTarget, settings: Settings) {
    this.request = request;
    this.target = target;
    this.settings = settings;
    this.requestId = requestIdOf(request.raw);
  }

  /**
   * Counts the call, and returns its options.
   *
   * @throws RpcError INVALID_ARGUMENT for an invalid header, HttpError 503 or 429 at a limit of
   * `callLimits`.
   */
  callOptions(): UpstreamCall {
    const { request, requestId, settings } = this;
    this.timeoutMs = Math.min(timeoutOf(request.headers) ?? Number.POSITIVE_INFINITY, settings.timeoutMs);
    this.metadata = requestMetadata(sourceOf(request, requestId, this.authorization), settings.headerRules.forwarded);
    this.#client = settings.callLimits.begin(request.ip);
    settings.running.add(this);
    return this;
  }

  use(connection: UpstreamConnection): void {
    if (this.signal.aborted) return;
    this.#connection = connection;
    connection.calls++;
  }

  /** Releases what the call holds: its place in the limits, and its connection. */
  protected release(): void {
    this.settings.running.delete(this);
    if (this.#client !== undefined) this.settings.callLimits.end(this.#client);
    this.#client = undefined;
    if (this.#connection !== undefined) this.#connection.calls--;
    this.#connection = undefined;
  }

  onHeader(_header: Metadata): void {}

  onTrailer(trailer: Metadata): void {
    this.#trailer = trailer;
    this.release();
  }

  /** Cancels the upstream call if it is in flight. */
  cancel(reason = new RpcError(Code.CANCELLED, "the HTTP client closed the request")): void {
    this.release();
    this.signal.abort(reason);
  }

  /**
   * Destroys the connection or HTTP/2 stream of the request, even if the response is incomplete.
   */
  abort(): void {
    const { raw } = this.request;
    const { stream } = raw as { stream?: { destroy(): void } };
    // An injected request has a socket without `destroy`.
    (stream ?? ("destroy" in raw.socket ? raw.socket : raw)).destroy();
  }

  /** The trailer as HTTP headers, once the call has ended. */
  get trailer(): Record<string, string | string[]> {
    return responseHeaders(this.#trailer, "grpc-trailer-", this.settings.headerRules);
  }

  /** Logs the details that the client does not see. */
  log(error: RpcError): void {
    if (error.cause === undefined) return;
    if (error.code === Code.INTERNAL) this.request.log.error(error.cause);
    else this.request.log.warn(error.message);
  }
}

function sourceOf(request: FastifyRequest, requestId: string, authorization: string | undefined): RequestSource {
  const { headers, host, protocol } = request;
  // Fastify sets `ips` only with `trustProxy`: from the peer's address to the first untrusted one.
  const addresses = request.ips?.toReversed() ?? [request.ip];
  return { headers, addresses, host, protocol, requestId, authorization };
}

/** An exchange whose response is HTTP. */
export class HttpExchange extends Exchange {
  readonly reply: FastifyReply;
  /** The HTTP status of a successful call. */
  status = 200;

  constructor(request: FastifyRequest, reply: FastifyReply, target: RequestTarget, settings: Settings) {
    super(request, target, settings);
    this.reply = reply;
    reply.header("x-request-id", this.requestId);
  }

  /** Counts the call, and cancels it if the client aborts the request. */
  override callOptions(): UpstreamCall {
    const { raw } = this.reply;
    raw.on("close", () => {
      this.release();
      if (isAborted(raw)) this.cancel();
    });
    const options = super.callOptions();
    // The client may have aborted while the body arrived, or while the application's hooks ran.
    if (isDestroyed(raw)) this.cancel();
    return options;
  }

  /** Responds with an error. */
  fail(thrown: unknown): void {
    const { reply, settings } = this;
    const error = RpcError.from(thrown);
    this.log(error);
    reply.request.grpcCode = error.code;
    const { status, headers, body } = settings.errors.response(error);
    // A header that the upstream sets takes precedence over the gateway's default.
    sendJson(reply.code(status).headers({ ...httpHeaders(reply.request, headers), ...this.trailer }), body);
  }

  override onHeader(header: Metadata): void {
    const { headerRules } = this.settings;
    this.status = metadataStatus(header, headerRules) ?? this.status;
    if (!this.reply.sent) this.reply.headers(responseHeaders(header, "grpc-metadata-", headerRules));
  }

  override onTrailer(trailer: Metadata): void {
    this.status = metadataStatus(trailer, this.settings.headerRules) ?? this.status;
    super.onTrailer(trailer);
  }
}
