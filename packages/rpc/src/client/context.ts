// The interceptors of a client, and the call that they receive.
import type { DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import type { ContextValues } from "../context-values.ts";
import { onlyFor } from "../intercept/only-for.ts";
import type { AnswerOf, ChangeOf, KindOf, MaybePromise, ResponseOf } from "../intercept/types.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Attempt, Channel } from "../transport/client.ts";
import type { MessageSize } from "../transport/message-size.ts";

interface CallOfClient {
  readonly channel: Channel;
  /** The `:authority` of the call: the call's own if it has one, otherwise the channel's. */
  readonly authority: string;
  /** The address of the server, as `host:port`, once the call has a connection. */
  readonly peer: string | undefined;
  /** The request's metadata. Each `next()` sends it as it is then. */
  readonly metadata: Metadata;
  /** The deadline of the call, which all that interceptors do shares. Undefined if it has none. */
  readonly deadline: Date | undefined;
  /** Aborts when the call has ended, for whatever reason. */
  readonly signal: AbortSignal;
  /** The values that the caller has passed in `CallOptions.values`, or that interceptors have set. */
  readonly values: ContextValues;
  /**
   * Calls the listener once, when the call has ended: with the error that the caller gets, or with
   * undefined for OK. A stream has ended when the caller has read its end. What the listener throws
   * is ignored.
   */
  onEnd(listener: (error: unknown) => void): void;
  /**
   * Calls the observer when an attempt of the call begins, before it is sent: each attempt of a call
   * that has a retry or hedging policy, and each transparent retry. Without a policy or a transparent
   * retry, the observer is not called. It observes the calls of `next()` that follow. What it throws
   * is ignored. Channels over HTTP/2 report attempts; those of grpc-js and in process do not.
   */
  onAttempt(observer: (attempt: Attempt) => void): void;
  /**
   * Calls the observer with the size of each message, in bytes: `bytes` before compression, and
   * `wireBytes` on the wire. It observes the calls of `next()` that follow, with all their attempts. No
   * message is encoded for it, and a call without an observer pays nothing. What the observer throws is
   * ignored.
   */
  onMessageSize(observer: (message: MessageSize) => void): void;
  /**
   * The method's path, the target, and the deadline as ISO 8601, for logs. It omits metadata, which
   * may contain secrets.
   */
  toJSON(): { readonly method: string; readonly target: string; readonly deadline: string | undefined };
}

/**
 * A client call, as an interceptor sees it. Its members cannot be set. `kind`, `stream`, `request` and
 * `requests` depend on the kind of the method.
 */
export type ClientCall<Method extends DescMethod = DescMethod> = CallOfClient &
  KindOf<Method, MessageShape<Method["input"]>> & { readonly method: Method };

/** The metadata of a response, if it came from a server. */
interface ReceivedMetadata {
  readonly header: Metadata;
  /** Undefined until the call has ended. */
  readonly trailer: Metadata | undefined;
}

/**
 * Runs around every call of a client, of all four kinds.
 *
 * `next()` runs the next interceptor, or sends the call, and resolves with the response: `{ message
 * }`, or `{ messages }` if the method streams responses, as soon as the header has arrived. It
 * rejects with an RpcError if the call fails before that. With `next({ request })` or `next({
 * requests })`, the rest gets another request. The interceptor returns that response, or another
 * one, which it may also do without calling `next()`. It may call `next()` again: a retry. Requests in
 * a stream can be read once.
 *
 * The caller receives what the interceptor throws. What is still running then is cancelled. If the
 * interceptor returns something that is not a response, the call ends with INTERNAL.
 */
export interface ClientInterceptor<Method extends DescMethod = DescMethod> {
  (
    call: ClientCall<Method>,
    next: (change?: ChangeOf<Method>) => Promise<ResponseOf<Method> & ReceivedMetadata>,
  ): MaybePromise<AnswerOf<Method>>;
  /**
   * Called once by `createClient`, with the client's service and the interceptors that run around
   * this one. `createClient` rethrows its errors. It is not called for interceptors of a single call.
   */
  readonly prepare?: (service: DescService, before: readonly ClientInterceptor[]) => void;
  /**
   * Asked once for each call, before its interceptors run. If it returns false, the call runs as if
   * the interceptor did not exist, and pays nothing for it. If it throws, the call ends as if the
   * interceptor had thrown. Default: always enabled.
   */
  readonly enabled?: () => boolean;
  /** Set by `forClientMethod()`: the interceptor runs around calls of this method only. */
  readonly only?: DescMethod;
}

/**
 * Returns an interceptor for the calls of one method, typed by its messages. Calls of other methods
 * pay nothing for it.
 *
 * @throws TypeError if an argument is wrong.
 */
export function forClientMethod<Method extends DescMethod>(method: Method, interceptor: ClientInterceptor<Method>): ClientInterceptor {
  return onlyFor("forClientMethod()", method, interceptor) as unknown as ClientInterceptor;
}
