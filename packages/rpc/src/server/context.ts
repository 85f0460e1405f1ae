// The contexts of calls, for handlers and interceptors.
import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { Compression } from "../protocol/compression.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import type { ContextValues } from "./values.ts";

/**
 * The context of a call. The object is frozen, except `compression` and `compress`. Interceptors
 * pass values to handlers in `values`.
 */
export interface Context {
  /** The called method; `method.parent` is its service. */
  readonly method: DescMethod;
  /** The metadata of the request. */
  readonly metadata: Metadata;
  /** The address of the caller: `host:port`, `unix:` and a path, `in-process`, or `unknown`. */
  readonly peer: string;
  /** The certificate of the caller, with mutual TLS; undefined otherwise. */
  readonly clientCertificate: ClientCertificate | undefined;
  /** The values that interceptors have set, for example the authenticated user. */
  readonly values: ContextValues;
  /** The deadline of the caller; undefined if there is none. */
  readonly deadline: Date | undefined;
  /**
   * Aborts when the caller cancels or its connection is lost (the reason is an RpcError with
   * CANCELLED), when the deadline passes (DEADLINE_EXCEEDED), when the call exceeds a limit
   * (RESOURCE_EXHAUSTED), and when the grace period of a shutdown ends (UNAVAILABLE).
   */
  readonly signal: AbortSignal;
  /**
   * The compression of responses. If the caller does not accept it, responses are sent
   * uncompressed. The header announces it, so set it before the header is sent. Throws a TypeError
   * for an unknown compression. Default: the server's `compression`.
   */
  compression: Compression;
  /**
   * Whether further responses are compressed with `compression`. May change from response to
   * response. Default: true.
   */
  compress: boolean;
  /** The response header. It is sent before the first response, so fill it before that. */
  readonly header: Metadata;
  /** The response trailer. It is sent with the status. */
  readonly trailer: Metadata;
  /** Sends the header now rather than with the first response. */
  sendHeader(): void;
  /**
   * Returns data for logs: the path of the method, the peer, and the deadline as ISO 8601. Leaves
   * out metadata, which may hold secrets.
   */
  toJSON(): { readonly method: string; readonly peer: string; readonly deadline: string | undefined };
}

/** The context for interceptors: the handler's context, and access to the messages. */
export interface ServerCall extends Context {
  /**
   * Calls the listener with each request, before the handler gets it. An error that the listener
   * throws ends the call.
   */
  onRequest(listener: (request: Message) => void): void;
  /**
   * Calls the listener with each response as the handler returned it, before it is sent. An error
   * that the listener throws ends the call.
   */
  onResponse(listener: (response: object) => void): void;
}

/**
 * Runs around every call, of all four kinds, once the header of the call has arrived. No request is
 * read before the handler, behind `next()`, pulls it.
 *
 * `next()` runs the next interceptor, or the handler. It resolves when that has finished, before
 * the status is sent. It rejects with the error of the call: what a handler threw, or an RpcError
 * if the caller cancelled. To reject a call, throw an RpcError before `next()`: no request has been
 * parsed then. An error that the interceptor throws or lets through is the outcome of the call, and
 * aborts a handler that still runs.
 *
 * Before it returns, an interceptor must have called `next()` once, awaited it, and seen it
 * resolve. Otherwise the call ends with INTERNAL, and `onError` is called.
 */
export interface ServerInterceptor {
  (call: ServerCall, next: () => Promise<void>): Promise<void>;
  /**
   * Called with each service that the interceptor runs around, when the service is added to a
   * server. `add` throws what it throws.
   */
  readonly prepare?: (service: DescService) => void;
}
