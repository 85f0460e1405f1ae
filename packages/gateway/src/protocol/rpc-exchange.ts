// An exchange of Connect or gRPC-Web: its metadata, and its errors in the form of the protocol.
import { type Metadata, RpcError } from "@grpc-study/rpc";
import { HttpError } from "../http/errors.ts";
import { HttpExchange } from "../http-exchange.ts";
import type { UpstreamCall } from "../route.ts";
import { addMetadata } from "./response-metadata.ts";
import { transparentMetadata } from "./transparent-metadata.ts";

/** A call whose metadata keeps its names. */
export abstract class RpcExchange extends HttpExchange {
  /** The trailer, once the call has ended. `undefined` if it is empty. */
  protected trailerMetadata: Metadata | undefined;

  /**
   * Counts the call, and returns its options.
   *
   * @param limitMs the time limit of the method, in milliseconds.
   * @throws RpcError INVALID_ARGUMENT for an invalid header, HttpError 503 or 429 at a limit of
   * `callLimits`.
   */
  callOptions(limitMs: number): UpstreamCall {
    return this.begin(transparentMetadata(this.request, this.settings.headerRules.forwarded), limitMs);
  }

  override onHeader(header: Metadata): void {
    if (header.size > 0) addMetadata(this.headers, header, "");
  }

  override onTrailer(trailer: Metadata): void {
    if (trailer.size > 0) this.trailerMetadata = trailer;
    super.onTrailer(trailer);
  }

  /** Ends with an error. */
  override fail(thrown: unknown): void {
    const error = RpcError.from(thrown);
    this.log(error);
    this.code = error.code;
    // A local error, such as one of a hook, has its trailer with it.
    if (error.metadata.size > 0) this.trailerMetadata ??= error.metadata;
    const visible = this.settings.errors.visible(error);
    if (error instanceof HttpError && !this.response.started) this.#addHeaders(error);
    this.respondWith(visible);
  }

  /** Sends an error as the protocol says. */
  protected abstract respondWith(error: RpcError): void;

  #addHeaders({ headers }: HttpError): void {
    for (const name in headers) {
      // HTTP/2 forbids it (RFC 9113, section 8.2.2) and ends the stream anyway.
      if (name !== "connection" || this.request.version < 2) this.headers[name] = headers[name] ?? "";
    }
  }
}
