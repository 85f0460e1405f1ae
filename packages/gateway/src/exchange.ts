// One request, and what every kind of call does with it.
import { Code, type Metadata, type MetadataInit, RpcError } from "@grpc-study/rpc";
import type { Linked, LinkedSet } from "@grpc-study/rpc/linked-set";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { CallLimits } from "./call-limits.ts";
import { Cancellation } from "./cancellation.ts";
import type { RequestParts } from "./fields/bind-request.ts";
import type { BodyLimits } from "./http/body.ts";
import { clientLeft, isGone } from "./http/client-left.ts";
import { type ErrorWriter, httpHeaders } from "./http/errors.ts";
import type { HeaderRules } from "./http/header-rules.ts";
import { type Caller, metadataStatus, requestIdOf, requestMetadata, responseHeaders, timeoutOf } from "./http/headers.ts";
import { sendJson } from "./http/send-json.ts";
import type { UpstreamCall } from "./route.ts";
import type { UpstreamConnection } from "./upstreams.ts";

/** What all requests of a gateway share. */
export interface Settings extends BodyLimits {
  readonly errors: ErrorWriter;
  readonly headerRules: HeaderRules;
  /** The most that a call may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The calls that are running, for whoever has to end them. */
  readonly running: LinkedSet<Exchange>;
  readonly callLimits: CallLimits;
}

/** It is the options of its call, too: one object that comes and goes rather than five. */
export class Exchange implements Linked<Exchange>, UpstreamCall {
  readonly request: FastifyRequest;
  readonly parts: RequestParts;
  readonly settings: Settings;
  readonly requestId: string;
  readonly signal = new Cancellation();
  metadata: MetadataInit = {};
  timeoutMs = Number.POSITIVE_INFINITY;
  /** For clients that cannot set the header `Authorization`. */
  authorization: string | undefined;
  #trailer: Metadata | undefined;
  /** Who the call is counted for, and where it runs, while it does. */
  #caller: string | undefined;
  #connection: UpstreamConnection | undefined;
  previous: Exchange | undefined;
  next: Exchange | undefined;

  constructor(request: FastifyRequest, parts: RequestParts, settings: Settings) {
    this.request = request;
    this.parts = parts;
    this.settings = settings;
    this.requestId = requestIdOf(request.raw);
  }

  /** Options of the call upstream, which is about to begin. @throws RpcError for a header that cannot be understood, HttpError 503 or 429 beyond limits. */
  callOptions(): UpstreamCall {
    const { request, requestId, settings } = this;
    this.timeoutMs = Math.min(timeoutOf(request.headers) ?? Number.POSITIVE_INFINITY, settings.timeoutMs);
    this.metadata = requestMetadata(callerOf(request, requestId, this.authorization), settings.headerRules.forwarded);
    this.#caller = settings.callLimits.begin(request.ip);
    settings.running.add(this);
    return this;
  }

  use(connection: UpstreamConnection): void {
    if (this.signal.aborted) return;
    this.#connection = connection;
    connection.calls++;
  }

  /** The call has ended, or is about to. */
  protected leave(): void {
    this.settings.running.delete(this);
    if (this.#caller !== undefined) this.settings.callLimits.end(this.#caller);
    this.#caller = undefined;
    if (this.#connection !== undefined) this.#connection.calls--;
    this.#connection = undefined;
  }

  onHeader(_header: Metadata): void {}

  onTrailer(trailer: Metadata): void {
    this.#trailer = trailer;
    this.leave();
  }

  /** Ends the call upstream, if it is running. */
  cancel(reason = new RpcError(Code.CANCELLED, "the HTTP client is gone")): void {
    this.leave();
    this.signal.abort(reason);
  }

  /** Ends it, however far its response has come. */
  abort(): void {
    const { raw } = this.request;
    const { stream } = raw as { stream?: { destroy(): void } };
    // The socket of a request that was injected cannot be destroyed.
    (stream ?? ("destroy" in raw.socket ? raw.socket : raw)).destroy();
  }

  /** The trailer as headers of HTTP, once the call has ended. */
  get trailer(): Record<string, string | string[]> {
    return responseHeaders(this.#trailer, "grpc-trailer-", this.settings.headerRules);
  }

  /** Logs what the caller is not told. */
  log(error: RpcError): void {
    if (error.cause === undefined) return;
    if (error.code === Code.INTERNAL) this.request.log.error(error.cause);
    else this.request.log.warn(error.message);
  }
}

function callerOf(request: FastifyRequest, requestId: string, authorization: string | undefined): Caller {
  const { headers, host, protocol } = request;
  // Fastify has `ips` with `trustProxy` only: from the connection's own address to the first that is not trusted.
  const addresses = request.ips?.toReversed() ?? [request.ip];
  return { headers, addresses, host, protocol, requestId, authorization };
}

/** One whose response is HTTP. */
export class HttpExchange extends Exchange {
  readonly reply: FastifyReply;
  /** The HTTP status of a success. */
  status = 200;

  constructor(request: FastifyRequest, reply: FastifyReply, parts: RequestParts, settings: Settings) {
    super(request, parts, settings);
    this.reply = reply;
    reply.header("x-request-id", this.requestId);
  }

  /** As above; and the call ends when the caller leaves. */
  override callOptions(): UpstreamCall {
    const { raw } = this.reply;
    raw.on("close", () => {
      this.leave();
      if (clientLeft(raw)) this.cancel();
    });
    const options = super.callOptions();
    // While the body came, or hooks of the application's own ran: that close has been.
    if (isGone(raw)) this.cancel();
    return options;
  }

  /** Answers with an error. */
  fail(thrown: unknown): void {
    const { reply, settings } = this;
    const error = RpcError.from(thrown);
    this.log(error);
    reply.request.grpcCode = error.code;
    const { status, headers, body } = settings.errors.response(error);
    // What the upstream says by a header's own name counts before the gateway's default.
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
