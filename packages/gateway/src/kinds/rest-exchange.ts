// An exchange in REST: its target, its metadata, and the headers of its response.
import type { Metadata } from "@grpc-study/rpc";
import type { Settings } from "../exchange.ts";
import type { RequestTarget } from "../fields/bind-request.ts";
import { metadataStatus, requestMetadata, responseHeaders, timeoutOf } from "../http/headers.ts";
import type { HttpRequest, HttpResponse, ResponseHeaders } from "../http/message.ts";
import { addHeaders, HttpExchange } from "../http-exchange.ts";
import type { UpstreamCall } from "../route.ts";

/** A call by REST. */
export class RestExchange extends HttpExchange implements RequestTarget {
  readonly segments: readonly string[];
  readonly query: string;
  /** The HTTP status of a successful call. */
  status = 200;
  #trailer: Metadata | undefined;

  constructor(request: HttpRequest, response: HttpResponse, segments: readonly string[], settings: Settings) {
    super(request, response, settings);
    this.segments = segments;
    this.query = request.query;
  }

  /**
   * Counts the call, and returns its options.
   *
   * @param limitMs the time limit of the method, in milliseconds.
   * @throws RpcError INVALID_ARGUMENT for an invalid header, HttpError 503 or 429 at a limit of
   *   `callLimits`.
   */
  callOptions(limitMs: number): UpstreamCall {
    const { request, settings } = this;
    return this.begin(requestMetadata(request, settings.headerRules.forwarded), timeoutOf(request.headers), limitMs);
  }

  /** The trailer as HTTP headers, once the call has ended. */
  override get trailer(): ResponseHeaders {
    return responseHeaders(this.#trailer, "grpc-trailer-", this.settings.headerRules);
  }

  override onHeader(header: Metadata): void {
    const { headerRules } = this.settings;
    this.status = metadataStatus(header, headerRules) ?? this.status;
    if (header.size > 0) addHeaders(this.headers, responseHeaders(header, "grpc-metadata-", headerRules));
  }

  override onTrailer(trailer: Metadata): void {
    this.status = metadataStatus(trailer, this.settings.headerRules) ?? this.status;
    if (trailer.size > 0) this.#trailer = trailer;
    super.onTrailer(trailer);
  }
}
