// The interceptors of a client, and the call context that they receive.
import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { Metadata } from "../protocol/metadata.ts";
import type { Channel } from "../transport/client.ts";

/** A client call, as an interceptor sees it. The object is frozen. */
export interface ClientCallContext {
  readonly method: DescMethod;
  readonly channel: Channel;
  /** The `:authority` of the call: the call's own if it has one, otherwise the channel's. */
  readonly authority: string;
  /** The request's metadata. It may be changed until `next()` is called. */
  readonly metadata: Metadata;
  /** The deadline of the call. Undefined if it has none. */
  readonly deadline: Date | undefined;
  /** Aborts when the call is cancelled, or its deadline passes. */
  readonly signal: AbortSignal;
  /** The response's header. Undefined until it arrives. */
  readonly responseHeader: Metadata | undefined;
  /** The response's trailer. Undefined until `next()` settles. */
  readonly trailer: Metadata | undefined;
  /**
   * Adds a listener that receives each request, as the caller passed it, before it is sent. An
   * error that the listener throws ends the call.
   */
  onRequest(listener: (request: object) => void): void;
  /**
   * Adds a listener that receives each response before the caller does. An error that the listener
   * throws ends the call.
   */
  onResponse(listener: (response: Message) => void): void;
  /**
   * The method's path, the target, and the deadline as ISO 8601, for logs. It omits metadata, which
   * may contain secrets.
   */
  toJSON(): { readonly method: string; readonly target: string; readonly deadline: string | undefined };
}

/**
 * Runs around every call of a client, of all four kinds.
 *
 * `next()` starts the call. It resolves when the call ends with OK, and rejects with an RpcError
 * when the call fails. The caller receives the error that the interceptor throws or passes on. If
 * the call is still running then, it is cancelled.
 *
 * Before it returns, an interceptor must call `next()` exactly once and await its success.
 * Otherwise the call ends with INTERNAL.
 */
export interface ClientInterceptor {
  (call: ClientCallContext, next: () => Promise<void>): Promise<void>;
  /**
   * Called once by `createClient`, with the client's service. `createClient` rethrows its errors.
   */
  readonly prepare?: (service: DescService) => void;
}
