// The contexts of calls, for handlers and interceptors.
import type { DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import type { ContextValues } from "../context-values.ts";
import { onlyFor } from "../intercept/only-for.ts";
import type { AnswerOf, ChangeOf, KindOf, MaybePromise, ResponseOf } from "../intercept/types.ts";
import type { Compression } from "../protocol/compression.ts";
import type { RpcError } from "../protocol/error.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import type { MessageSize } from "../transport/message-size.ts";
import type { UnknownCall } from "../transport/server.ts";

/**
 * The context of a call. Only `compression` and `compress` can be set: assigning another member
 * throws a TypeError. Interceptors pass values to handlers in `values`.
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
   * Aborts when the call has ended, for whatever reason, so that work which a handler has left
   * running can stop. The reason is an RpcError: CANCELLED if the caller cancels, its connection is
   * lost or the call has ended with OK, DEADLINE_EXCEEDED when the deadline passes,
   * RESOURCE_EXHAUSTED when the call exceeds a limit, UNAVAILABLE when the grace period of a
   * shutdown ends, and otherwise the error of the call.
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

interface CallOfServer extends Context {
  /** The `:authority` of the request: the name by which the caller knows the server. Empty without one. */
  readonly authority: string;
  /**
   * Calls the listener once, when the call has ended: with the error whose status was sent, or with
   * undefined for OK. What the listener throws goes to `onError`.
   */
  onEnd(listener: (error: RpcError | undefined) => void): void;
  /**
   * Calls the observer with the size of each message from now on, in bytes: `bytes` before compression,
   * and `wireBytes` on the wire. The only request of a call is reported at once if it has arrived, so
   * an interceptor that asks before it awaits anything misses no message. `onEnd()` then follows the
   * last message. No message is encoded for it, and a call without an observer pays nothing. What the
   * observer throws goes to `onError`.
   */
  onMessageSize(observer: (message: MessageSize) => void): void;
  /** Ends the call now with this error, and aborts its signal. Does nothing once the call has ended. */
  abort(error: RpcError): void;
}

/**
 * A call, as an interceptor sees it: the context of its handler, which is the same object, and its
 * request. `kind`, `stream`, `request` and `requests` depend on the kind of the method.
 *
 * `request` is a promise: an interceptor runs when the header has arrived, and the request is read
 * when the interceptor or the handler asks for it. It is undefined if the method streams requests,
 * which are in `requests`.
 */
export type ServerCall<Method extends DescMethod = DescMethod> = CallOfServer &
  KindOf<Method, Promise<MessageShape<Method["input"]>>> & { readonly method: Method };

/**
 * Runs around every call, of all four kinds, once the header of the call has arrived.
 *
 * `next()` runs the next interceptor, or the handler, and gives its response: `{ message }`, or
 * `{ messages }` if the method streams responses. With `next({ request })` or `next({ requests })`,
 * the rest gets another request. The interceptor returns that response, or another one, which it may
 * also do without calling `next()`. It may call `next()` again; requests in a stream can be read once.
 *
 * An error that the interceptor throws, or that `messages` throw, is the outcome of the call. If it
 * returns something that is not a response, the call ends with INTERNAL, and `onError` is called.
 */
export interface ServerInterceptor<Method extends DescMethod = DescMethod> {
  (call: ServerCall<Method>, next: (change?: ChangeOf<Method>) => MaybePromise<ResponseOf<Method>>): MaybePromise<AnswerOf<Method>>;
  /**
   * Called with each service that the interceptor runs around, when the service is added to a
   * server, and with the interceptors that run around this one. `add` throws what it throws.
   */
  readonly prepare?: (service: DescService, before: readonly ServerInterceptor[]) => void;
  /**
   * Asked once for each call, before its interceptors run. If it returns false, the call runs as if
   * the interceptor did not exist, and pays nothing for it. If it throws, the call ends as if the
   * interceptor had thrown. Default: always enabled.
   */
  readonly enabled?: () => boolean;
  /**
   * Called for each call to a method that the server does not have, for the interceptors of the server.
   * It only observes: the call ends with UNIMPLEMENTED. Clients choose the path, so it must not become
   * a label of a metric. What it throws is logged to `console.error`. A server on grpc-js does not report such calls.
   */
  readonly unknown?: (call: UnknownCall) => void;
  /** Set by `forServerMethod()`: the interceptor runs around calls of this method only. */
  readonly only?: DescMethod;
}

/**
 * Returns an interceptor for the calls of one method, typed by its messages. Calls of other methods
 * pay nothing for it.
 *
 * @example
 * forServerMethod(Greeter.method.sayHello, async (call, next) => {
 *   const { message } = await next();
 *   return { message: { message: `${message.message}!` } };
 * });
 *
 * @throws TypeError if an argument is wrong.
 */
export function forServerMethod<Method extends DescMethod>(method: Method, interceptor: ServerInterceptor<Method>): ServerInterceptor {
  return onlyFor("forServerMethod()", method, interceptor) as unknown as ServerInterceptor;
}
