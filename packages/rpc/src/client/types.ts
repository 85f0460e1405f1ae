// The types of a client's methods. Their type parameters are messages rather than descriptors, so that editors show short types.
import type { DescMessage, DescService, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { Metadata } from "../protocol/metadata.ts";
import type { CallOptions, SendOptions } from "./options.ts";

/** A message, or an object with its fields. */
export type MessageInit<M extends Message> = MessageInitShape<GenMessage<M>>;

/** What all calls with a stream have. */
interface StreamCall extends Disposable {
  /** The response's header. Rejects if the call fails before one came. */
  header(): Promise<Metadata>;
  /** The response's trailer, once the call has ended. */
  readonly trailer: Metadata | undefined;
  /** Ends the call with CANCELLED, unless it has ended. Disposing of the call does the same. */
  cancel(): void;
}

/** The responses of a call. Leaving a `for await` over them early cancels the call. */
export interface ResponseStream<Response extends Message> extends StreamCall, AsyncIterableIterator<Response, undefined> {
  /** The next response; undefined after the last one. Rejects with an RpcError if the call ends with anything but OK. */
  recv(): Promise<Response | undefined>;
}

/** The requests of a call, written by hand. */
interface RequestStream<Request extends Message> {
  /**
   * Sends a request. Resolves to true when there is room for another, and to false if the call has ended; reading the response says why. A
   * message that cannot be written ends the call with INVALID_ARGUMENT, and an unknown option with a TypeError. Never rejects. Throws a
   * TypeError after a half-close.
   */
  send(request: MessageInit<Request>, options?: SendOptions): Promise<boolean>;
}

/** A client streaming call, written by hand. */
export interface ClientStreamCall<Request extends Message, Response extends Message> extends StreamCall, RequestStream<Request> {
  /** Half-closes, and resolves with the response. */
  closeAndRecv(): Promise<Response>;
}

/** A bidirectional call, written by hand. */
export interface BidiStreamCall<Request extends Message, Response extends Message>
  extends ResponseStream<Response>,
    RequestStream<Request> {
  /** Half-closes: no more requests; responses may go on. */
  closeSend(): void;
}

/** Requests for a call to send. */
export type Requests<Request extends Message> = AsyncIterable<MessageInit<Request>> | Iterable<MessageInit<Request>>;

interface TypedMethod<Kind, I extends DescMessage, O extends DescMessage> {
  methodKind: Kind;
  input: I;
  output: O;
}

/** The function that calls a method, by the method's kind. */
export type ClientMethod<Method> =
  Method extends TypedMethod<"unary", infer I, infer O>
    ? (request: MessageInit<MessageShape<I>>, options?: CallOptions) => Promise<MessageShape<O>>
    : Method extends TypedMethod<"server_streaming", infer I, infer O>
      ? (request: MessageInit<MessageShape<I>>, options?: CallOptions) => ResponseStream<MessageShape<O>>
      : Method extends TypedMethod<"client_streaming", infer I, infer O>
        ? {
            (requests: Requests<MessageShape<I>>, options?: CallOptions): Promise<MessageShape<O>>;
            (options?: CallOptions): ClientStreamCall<MessageShape<I>, MessageShape<O>>;
          }
        : Method extends TypedMethod<"bidi_streaming", infer I, infer O>
          ? {
              (requests: Requests<MessageShape<I>>, options?: CallOptions): ResponseStream<MessageShape<O>>;
              (options?: CallOptions): BidiStreamCall<MessageShape<I>, MessageShape<O>>;
            }
          : never;

/** A client has a function for each method of its service. Disposing of it closes the channel that it created, and no other. */
export type Client<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: ClientMethod<Service["method"][Name]>;
} & Disposable;
