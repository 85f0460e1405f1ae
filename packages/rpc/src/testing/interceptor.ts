// Interceptors that run on servers and on clients alike.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { AnswerOf, ChangeOf, MaybePromise, ResponseOf } from "../intercept/types.ts";
import type { Metadata } from "../protocol/metadata.ts";

/** What the calls of servers and of clients have in common. */
export interface AnyCall {
  readonly method: DescMethod;
  /** The metadata of the request. */
  readonly metadata: Metadata;
  readonly deadline: Date | undefined;
  /** Aborts when the call has ended. */
  readonly signal: AbortSignal;
  /** The only request. On a server, it is a promise. Undefined if the method streams requests. */
  readonly request?: MaybePromise<Message> | undefined;
  readonly requests?: AsyncIterable<Message> | undefined;
  onEnd(listener: (error: unknown) => void): void;
}

/** An interceptor for `createServer`, `implement`, `createClient` and single calls. */
export type AnyInterceptor = (
  call: AnyCall,
  next: (change?: ChangeOf<DescMethod>) => MaybePromise<ResponseOf<DescMethod>>,
) => Promise<AnswerOf<DescMethod>>;
