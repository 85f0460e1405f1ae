// The seam between the gateway and HTTP servers: one request and its response. Adapters implement it
// for node:http, for the HTTP/2 engine and for fetch; the gateway is above it.
import type { Readable } from "node:stream";
import type { HttpError } from "./errors.ts";

/**
 * Request headers by lower-case name. Repeated headers are joined by `, `, and cookies by `; `. `host`
 * is what the client sent: the host of a target in absolute form (RFC 9112, section 3.2.2), else
 * `:authority`, else the header `host`.
 */
export type RequestHeaders = { readonly [name: string]: string | undefined };

/** Response headers by lower-case name. An array is sent as several fields. */
export type ResponseHeaders = { readonly [name: string]: string | readonly string[] };

/** A request, as adapters present it. */
export interface HttpRequest {
  readonly method: string;
  /** The path below the prefix of the gateway: percent-encoded, starts with a slash. */
  readonly path: string;
  /** The query without its question mark. Empty without one. */
  readonly query: string;
  readonly headers: RequestHeaders;
  /** The major version of HTTP. */
  readonly version: 1 | 2;
  /** The scheme that the client used, as far as the proxies are trusted. */
  readonly scheme: "http" | "https";
  /** The host that the client named, as far as the proxies are trusted. Empty without one. */
  readonly host: string;
  /**
   * Addresses, as far as the proxies are trusted: first the client's, then those of proxies, and last
   * the peer of the connection. At least one.
   */
  readonly addresses: readonly string[];
  /** The request's `x-request-id` if it is valid, or a generated one. */
  readonly requestId: string;
  /**
   * The body. Undefined for a request without one. It fails with an error if the client goes away
   * before its end. Reading it tells a client that waits for 100 (Continue) to send it.
   */
  readonly body: Readable | undefined;
  /** Whether the client waits for 100 (Continue) before it sends the body. */
  readonly awaitsContinue: boolean;
  /** What the server found wrong with the request, such as several hosts. It is the response. */
  readonly problem: HttpError | undefined;
}

/** The response to a request. Its methods do nothing once the client has gone. */
export interface HttpResponse {
  /** Whether the status and the headers have been given. */
  readonly started: boolean;
  /** Whether the exchange is over: the response is complete, or the client has gone. */
  readonly closed: boolean;
  /**
   * Called once when the exchange is over. `complete` is false if the client went away, or `abort` was
   * called, before the whole response was sent. If the client has gone already, it is called in a
   * later turn after it has been set.
   */
  onClose: ((complete: boolean) => void) | undefined;
  /**
   * Sends a whole response. The adapter adds `content-length`, and omits the body for HEAD and for a
   * status without one.
   */
  send(status: number, headers: ResponseHeaders, body?: string | Uint8Array): void;
  /**
   * Sends the status and the headers, together with what is written in the same turn of the event
   * loop. `write` and `end` follow.
   */
  start(status: number, headers: ResponseHeaders): void;
  /** Sends a part of the body. Returns whether there is room for more: wait for `drained` after false. */
  write(chunk: string | Uint8Array): boolean;
  /** Resolves once there is room again, or the exchange is over. */
  drained(): Promise<void>;
  /**
   * Ends the body.
   *
   * @param trailers sent if the protocol and the client support them (RFC 9110, section 6.5.1).
   */
  end(trailers?: ResponseHeaders): void;
  /**
   * Ends the exchange at once, so that an incomplete response does not look complete: resets the
   * stream, or destroys the connection. Also discards what remains of the request.
   */
  abort(): void;
}

/** Answers requests. It never throws. */
export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void;
