// One request, and what every kind of call does with it.
import { type CallOptions, Code, type Metadata, type MetadataInit, RpcError } from "@grpc-study/rpc";
import type { Linked, LinkedSet } from "@grpc-study/rpc/linked-set";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Cancellation } from "./cancellation.ts";
import type { RequestParts } from "./fields/bind-request.ts";
import type { BodyLimits } from "./http/body.ts";
import { clientLeft, isGone } from "./http/client-left.ts";
import { type ErrorWriter, httpHeaders } from "./http/errors.ts";
import type { HeaderRules } from "./http/header-rules.ts";
import { type Caller, metadataStatus, requestIdOf, requestMetadata, responseHeaders, timeoutOf } from "./http/headers.ts";
import { sendJson } from "./http/send-json.ts";

/** What all requests of a gateway share. */
export interface Settings extends BodyLimits {
  readonly errors: ErrorWriter;
  readonly headerRules: HeaderRules;
  /** The most that a call may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The calls that are running, for whoever has to end them. */
  readonly running: LinkedSet<Exchange>;
}

/** It is the options of its call, too: one object that comes and goes rather than five. */
export class Exchange implements Linked<Exchange>, CallOptions {
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
  previous: Exchange | undefined;
  next: Exchange | undefined;

  constructor(request: FastifyRequest, parts: RequestParts, settings: Settings) {
    this.request = request;
    this.parts = parts;
    this.settings = settings;
    this.requestId = requestIdOf(request.raw);
  }

  /** Options of the call upstream, which is about to begin. @throws RpcError for a header that cannot be understood. */
  callOptions(): CallOptions {
    const { request, requestId, settings } = this;
    this.timeoutMs = Math.min(timeoutOf(request.headers) ?? Number.POSITIVE_INFINITY, settings.timeoutMs);
    this.metadata = requestMetadata(callerOf(request, requestId, this.authorization), settings.headerRules.forwarded);
    settings.running.add(this);
    return this;
  }

  onHeader(_header: Metadata): void {}

  onTrailer(trailer: Metadata): void {
    this.#trailer = trailer;
    this.settings.running.delete(this);
  }

  /** Ends the call upstream, if it is running. */
  cancel(reason = new RpcError(Code.CANCELLED, "the HTTP client is gone")): void {
    this.settings.running.delete(this);
    this.signal.abort(reason);
  }

  /** Ends it, however far its response has come. */
  abort(): void {
    const { raw } = this.request;
    const { stream } = raw as { stream?: { destroy(): void } };
    (stream ?? raw.socket).destroy();
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
  override callOptions(): CallOptions {
    const { raw } = this.reply;
    raw.on("close", () => {
      this.settings.running.delete(this);
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
