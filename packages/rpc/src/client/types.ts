// The types of a client's methods. They are parameterized by messages rather than descriptors, so
// that editors show short types.
import type { DescMessage, DescService, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { Metadata } from "../protocol/metadata.ts";
import type { CallOptions, SendOptions } from "./options.ts";

/** A message, or an object with the fields to set. */
export type MessageInit<M extends Message> = MessageInitShape<GenMessage<M>>;

/** Members that all streaming calls share. */
interface StreamCall extends Disposable {
  /** Resolves with the response's header. Rejects if the call fails before it arrives. */
  header(): Promise<Metadata>;
  /** The response's trailer. Undefined until the call has ended. */
  readonly trailer: Metadata | undefined;
  /** Cancels the call, which then ends with CANCELLED. Disposing of the call does the same. */
  cancel(): void;
}

/** The responses of a call. Exiting a `for await` loop over them early cancels the call. */
export interface ResponseStream<Response extends Message> extends StreamCall, AsyncIterableIterator<Response, undefined> {
  /**
   * Resolves with the next response, or with undefined after the last one. Rejects with an RpcError
   * if the call fails.
   */
  recv(): Promise<Response | undefined>;
}

/** The requests of a call, sent one by one. */
interface RequestStream<Request extends Message> {
  /**
   * Sends a request. Resolves to true once there is room for another one, and to false if the call
   * has ended. Reading the response then gives the reason. Never rejects. A message that cannot be
   * encoded ends the call with INVALID_ARGUMENT, and an unknown option ends it with a TypeError.
   * @throws TypeError after a half-close.
   */
  send(request: MessageInit<Request>, options?: SendOptions): Promise<boolean>;
}

/** A client streaming call whose requests are sent one by one. */
export interface ClientStreamCall<Request extends Message, Response extends Message> extends StreamCall, RequestStream<Request> {
  /** Half-closes the call, and resolves with the response. */
  closeAndRecv(): Promise<Response>;
}

/** A bidirectional streaming call whose requests are sent one by one. */
export interface BidiStreamCall<Request extends Message, Response extends Message>
  extends ResponseStream<Response>,
    RequestStream<Request> {
  /** Half-closes the call: it sends no more requests, and still receives responses. */
  closeSend(): void;
}

/** An iterable or async iterable of requests for a call to send. */
export type Requests<Request extends Message> = AsyncIterable<MessageInit<Request>> | Iterable<MessageInit<Request>>;

interface TypedMethod<Kind, I extends DescMessage, O extends DescMessage> {
  methodKind: Kind;
  input: I;
  output: O;
}

/** The client function for a method, by the method's kind. */
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

/**
 * A client has a function for each method of its service. Disposing of it closes its channel if the
 * client created the channel.
 */
export type Client<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: ClientMethod<Service["method"][Name]>;
} & Disposable;
