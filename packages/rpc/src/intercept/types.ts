// What the interceptors of servers and of clients share: the shapes of requests and responses, by
// the kind of the method.
import type { DescMethod, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

export type Kind = DescMethod["methodKind"];

export type MaybePromise<T> = T | Promise<T>;

/** Messages in a stream. */
type Stream<T> = AsyncIterable<T> | Iterable<T>;

/** The response of a unary or client streaming call. */
export interface SingleResponse<Method extends DescMethod> {
  readonly message: MessageShape<Method["output"]>;
  readonly messages?: undefined;
}

/** The response of a server streaming or bidirectional call. Its messages can be read once. */
export interface StreamResponse<Method extends DescMethod> {
  readonly messages: AsyncIterable<MessageShape<Method["output"]>>;
  readonly message?: undefined;
}

/** What `next()` gives, by the kind of the method. */
export type ResponseOf<Method extends DescMethod, K extends Kind = Method["methodKind"]> = K extends "unary" | "client_streaming"
  ? SingleResponse<Method>
  : StreamResponse<Method>;

/** What an interceptor returns, by the kind of the method. Messages may be objects with the fields to set. */
export type AnswerOf<Method extends DescMethod, K extends Kind = Method["methodKind"]> = K extends "unary" | "client_streaming"
  ? { readonly message: MessageInitShape<Method["output"]>; readonly messages?: undefined }
  : { readonly messages: Stream<MessageInitShape<Method["output"]>>; readonly message?: undefined };

/** What an interceptor may pass to `next()` to replace the request or the stream of requests. */
export type ChangeOf<Method extends DescMethod, K extends Kind = Method["methodKind"]> = K extends "unary" | "server_streaming"
  ? { readonly request?: MessageInitShape<Method["input"]> | undefined; readonly requests?: undefined }
  : { readonly requests?: Stream<MessageInitShape<Method["input"]>> | undefined; readonly request?: undefined };

/**
 * The members of a call that depend on its kind. `kind` is the kind of the method, and `stream` is
 * false for a unary call only. Both tell TypeScript which of the other members there are.
 *
 * @param Single the request of a unary or server streaming call.
 */
export type KindOf<Method extends DescMethod, Single, K extends Kind = Method["methodKind"]> = K extends "unary"
  ? { readonly kind: K; readonly stream: false; readonly request: Single; readonly requests?: undefined }
  : K extends "server_streaming"
    ? { readonly kind: K; readonly stream: true; readonly request: Single; readonly requests?: undefined }
    : {
        readonly kind: K;
        readonly stream: true;
        /** The requests, which can be read once. */
        readonly requests: AsyncIterable<MessageShape<Method["input"]>>;
        readonly request?: undefined;
      };

/** A change or an answer, as the runtime sees it. */
export interface AnyChange {
  readonly request?: unknown;
  readonly requests?: unknown;
}

export interface AnyResponse {
  readonly message?: unknown;
  readonly messages?: unknown;
}
