// An exchange in REST: its target, its metadata, and the headers of its response.
import type { DescMethod } from "@bufbuild/protobuf";
import { type Metadata, RpcError } from "@grpc-study/rpc";
import type { Settings } from "../exchange.ts";
import type { RequestTarget } from "../fields/bind-request.ts";
import { metadataStatus, requestMetadata, responseHeaders } from "../http/headers.ts";
import type { HttpRequest, HttpResponse, ResponseHeaders } from "../http/message.ts";
import { addHeaders, HttpExchange } from "../http-exchange.ts";
import type { Route, UpstreamCall } from "../route.ts";
import type { Match } from "../router.ts";

/** A call by REST. */
export class RestExchange extends HttpExchange implements RequestTarget {
  readonly segments: readonly string[];
  readonly query: string;
  /** The HTTP status of a successful call. */
  status = 200;
  #trailer: Metadata | undefined;

  readonly #method: DescMethod;
  readonly #template: string;

  constructor(request: HttpRequest, response: HttpResponse, { route, segments }: Match<Route>, settings: Settings) {
    super(request, response, settings);
    this.segments = segments;
    this.#method = route.binding.method;
    this.#template = route.binding.template.text;
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
    return this.begin(requestMetadata(request, settings.headerRules), limitMs);
  }

  override get route(): string {
    return this.#template;
  }

  override get method(): DescMethod {
    return this.#method;
  }

  /** The trailer as HTTP headers, once the call has ended. */
  override get trailer(): ResponseHeaders {
    try {
      return responseHeaders(this.#trailer, "grpc-trailer-", this.settings.headerRules);
    } catch (error) {
      // A hook has failed.
      this.log(RpcError.from(error));
      return {};
    }
  }

  override onHeader(header: Metadata): void {
    const { headerRules } = this.settings;
    this.status = metadataStatus(header, headerRules) ?? this.status;
    if (header.size === 0) return;
    try {
      addHeaders(this.headers, responseHeaders(header, "grpc-metadata-", headerRules));
    } catch (error) {
      // A hook has failed.
      this.cancel(RpcError.from(error));
    }
  }

  override onTrailer(trailer: Metadata): void {
    this.status = metadataStatus(trailer, this.settings.headerRules) ?? this.status;
    if (trailer.size > 0) this.#trailer = trailer;
    super.onTrailer(trailer);
  }
}
