// A client's call, as an interceptor sees it.
import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { Metadata } from "../protocol/metadata.ts";
import type { Channel } from "../transport/client.ts";

/** A frozen object. */
export interface ClientCallContext {
  readonly method: DescMethod;
  readonly channel: Channel;
  /** The `:authority` of the call: its own, or the channel's. */
  readonly authority: string;
  /** The request's metadata: sent as it is when `next()` runs. */
  readonly metadata: Metadata;
  /** When the call must have ended; undefined if it may last. */
  readonly deadline: Date | undefined;
  /** Aborts when the call is cancelled, or its deadline passes. */
  readonly signal: AbortSignal;
  /** The response's header, once there is one. */
  readonly responseHeader: Metadata | undefined;
  /** The response's trailer, after `next()`. */
  readonly trailer: Metadata | undefined;
  /** Sees each request before it is sent, as the caller gave it. What it throws ends the call. */
  onRequest(listener: (request: object) => void): void;
  /** Sees each response before the caller does. What it throws ends the call. */
  onResponse(listener: (response: Message) => void): void;
  /** For logs: the method's path, the target, and the deadline as ISO 8601. Metadata, which may hold secrets, is left out. */
  toJSON(): { readonly method: string; readonly target: string; readonly deadline: string | undefined };
}

/**
 * Runs around every call of a client, of all four kinds.
 *
 * `next()` starts the call. It resolves when the call has ended with OK, and rejects with an RpcError if it ended otherwise. What the
 * interceptor throws, or lets through, is what the caller gets; a call that still runs is cancelled.
 *
 * An interceptor that returns must have called `next()` once, awaited it, and seen it resolve. Otherwise the call ends with INTERNAL.
 */
export interface ClientInterceptor {
  (call: ClientCallContext, next: () => Promise<void>): Promise<void>;
  /** Told of the service, when the client is made. What it throws, `createClient` throws. */
  readonly prepare?: (service: DescService) => void;
}
