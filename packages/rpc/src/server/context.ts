// What a handler, and an interceptor, knows of its call.
import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { Compression } from "../protocol/compression.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import type { ContextValues } from "./values.ts";

/** The call a handler answers. The object is frozen, but for `compression` and `compress`; `values` takes what interceptors leave for handlers. */
export interface Context {
  /** The method called; `method.parent` is its service. */
  readonly method: DescMethod;
  /** The request's metadata. */
  readonly metadata: Metadata;
  /** The caller's address: `host:port`, `unix:` and a path, `in-process`, or `unknown`. */
  readonly peer: string;
  /** The caller's certificate, with mutual TLS. */
  readonly clientCertificate: ClientCertificate | undefined;
  /** What interceptors have found out about the call, for example who the caller is. */
  readonly values: ContextValues;
  /** When the caller stops waiting; undefined if it set no deadline. */
  readonly deadline: Date | undefined;
  /**
   * Aborts when the caller cancels or its connection is lost (the reason is an RpcError with CANCELLED), when the deadline passes
   * (DEADLINE_EXCEEDED), when the call passes a limit (RESOURCE_EXHAUSTED), and when a shutdown's grace period is over (UNAVAILABLE).
   */
  readonly signal: AbortSignal;
  /**
   * How responses are compressed, if the caller takes it; if not, they are sent as they are. The header announces it: set it before the header is
   * sent. Default: the server's `compression`. Throws a TypeError for a compression that does not exist.
   */
  compression: Compression;
  /** Whether the responses from here on are compressed as `compression` says. Default true; may be changed from response to response. */
  compress: boolean;
  /** The response's header, sent before the first response. Fill it before that. */
  readonly header: Metadata;
  /** The response's trailer, sent with the status. */
  readonly trailer: Metadata;
  /** Sends the header now rather than with the first response. */
  sendHeader(): void;
  /** For logs: the method's path, the peer, and the deadline as ISO 8601. Metadata, which may hold secrets, is left out. */
  toJSON(): { readonly method: string; readonly peer: string; readonly deadline: string | undefined };
}

/** A call as an interceptor sees it: the handler's context, and its messages. */
export interface ServerCall extends Context {
  /** Sees each request before the handler does. What it throws ends the call. */
  onRequest(listener: (request: Message) => void): void;
  /** Sees each response before it is sent, as the handler gave it. What it throws ends the call. */
  onResponse(listener: (response: object) => void): void;
}

/**
 * Runs around every call, of all four kinds, from the moment at which the call's header has come. Nothing of its requests is read before the handler, behind
 * `next()`, wants them.
 *
 * `next()` runs what lies further in, the handler at last. It resolves when that is done, before the status is sent, and rejects with what ends the
 * call otherwise: what a handler threw, or an RpcError when the caller cancelled. Throw (an RpcError) before `next()` to refuse the call: no
 * request has been parsed then. What the interceptor throws, or lets through, is the call's outcome; a handler that still runs is aborted.
 *
 * An interceptor that returns must have called `next()` once, awaited it, and seen it resolve. Otherwise the call ends with INTERNAL, and `onError` is
 * called.
 */
export interface ServerInterceptor {
  (call: ServerCall, next: () => Promise<void>): Promise<void>;
  /** Called with each service that the interceptor is to run around, when the service is added to a server. What it throws, `add` throws. */
  readonly prepare?: (service: DescService) => void;
}
