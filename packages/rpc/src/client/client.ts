// A typed client for a service.
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { ChannelInterface, Metadata } from "@grpc/grpc-js";
import { type CodecFactory, compiled } from "@grpc-study/codec";
import { type Names, refuseUnknown } from "../known-options.ts";
import { methodPath } from "../protocol/method.ts";
import { type PerRpcCredentials, perRpcCredentials } from "../interceptors/per-rpc-credentials.ts";
import { type BoundMethod, ClientCall } from "./call.ts";
import { type Channel, type ChannelOptions, toChannel } from "./channel.ts";
import type { ClientInterceptor } from "./context.ts";
import { type CallOptions, optionsFault, type SendOptions, withDefaults } from "./options.ts";

/** Options of a client, whatever its channel. */
export interface ClientOptions {
  /** Options of every call, unless the call has its own. */
  readonly defaults?: CallOptions | undefined;
  /** Run around every call, the first outermost. */
  readonly interceptors?: readonly ClientInterceptor[] | undefined;
  /** What the client says of itself with every call. They run inside `interceptors`. */
  readonly perRpcCredentials?: PerRpcCredentials | undefined;
  /** The codec for messages. Default: `compiled`. In process there are no bytes, and no codec. */
  readonly codec?: CodecFactory | undefined;
}

/** Options of a client that makes its own channel. */
export interface ConnectOptions extends ClientOptions, ChannelOptions {}

const names: Names<ConnectOptions> = {
  defaults: true,
  interceptors: true,
  perRpcCredentials: true,
  codec: true,
  tls: true,
  credentials: true,
  connectTimeoutMs: true,
  limits: true,
  grpc: true,
};

/** What every call with a stream has. */
interface StreamCall extends Disposable {
  /** The response's header. Rejects if the call fails before one came. */
  header(): Promise<Metadata>;
  /** The response's trailer, once the call has ended. */
  readonly trailer: Metadata | undefined;
  /** Ends the call with CANCELLED, unless it has ended. Disposing of the call does the same. */
  cancel(): void;
}

/** The responses of a call. Leaving a `for await` over them early cancels the call. */
export interface ResponseStream<O extends DescMessage> extends StreamCall, AsyncIterableIterator<MessageShape<O>, undefined> {
  /** The next response; undefined after the last one. Rejects with an RpcError if the call ends with anything but OK. */
  recv(): Promise<MessageShape<O> | undefined>;
}

/** The requests of a call, written by hand. */
interface RequestStream<I extends DescMessage> {
  /**
   * Sends a request. Resolves when there is room for another; to false, if the call has ended: how, the response tells. A message that
   * cannot be written ends the call with INVALID_ARGUMENT, and an option that does not exist with a TypeError. Never rejects; throws after a half-close.
   */
  send(request: MessageInitShape<I>, options?: SendOptions): Promise<boolean>;
}

/** A client streaming call, written by hand. */
export interface ClientStreamCall<I extends DescMessage, O extends DescMessage> extends StreamCall, RequestStream<I> {
  /** Half-closes, and resolves with the response. */
  closeAndRecv(): Promise<MessageShape<O>>;
}

/** A bidirectional call, written by hand. */
export interface BidiStreamCall<I extends DescMessage, O extends DescMessage> extends ResponseStream<O>, RequestStream<I> {
  /** Half-closes: no more requests; responses may go on. */
  closeSend(): void;
}

type Requests<I extends DescMessage> = AsyncIterable<MessageInitShape<I>> | Iterable<MessageInitShape<I>>;

interface TypedMethod<Kind, I extends DescMessage, O extends DescMessage> {
  methodKind: Kind;
  input: I;
  output: O;
}

/** How a method is called, by its kind. */
export type ClientMethod<Method> =
  Method extends TypedMethod<"unary", infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : Method extends TypedMethod<"server_streaming", infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => ResponseStream<O>
      : Method extends TypedMethod<"client_streaming", infer I, infer O>
        ? {
            (requests: Requests<I>, options?: CallOptions): Promise<MessageShape<O>>;
            (options?: CallOptions): ClientStreamCall<I, O>;
          }
        : Method extends TypedMethod<"bidi_streaming", infer I, infer O>
          ? {
              (requests: Requests<I>, options?: CallOptions): ResponseStream<O>;
              (options?: CallOptions): BidiStreamCall<I, O>;
            }
          : never;

/** A method for each of the service's. Disposing of the client closes its channel, if it made that itself. */
export type Client<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: ClientMethod<Service["method"][Name]>;
} & Disposable;

/**
 * Makes a client. Nothing is sent, and no connection is made, before the first call.
 *
 * @example
 * using client = createClient(Greeter, "localhost:50051");
 * const { message } = await client.sayHello({ name: "world" }, { timeoutMs: 1000 });
 *
 * @param target `host:port`, a Channel, which may be shared, or a channel of grpc-js.
 * @param options with an address, those of a channel, too. A channel that exists has its own.
 * @throws TypeError if the target cannot be understood or an option does not exist, and what an interceptor throws that prepares for the service.
 */
export function createClient<Service extends DescService>(service: Service, target: string, options?: ConnectOptions): Client<Service>;
export function createClient<Service extends DescService>(
  service: Service,
  target: string | Channel | ChannelInterface,
  options?: ClientOptions,
): Client<Service>;
export function createClient<Service extends DescService>(
  service: Service,
  target: string | Channel | ChannelInterface,
  options: ConnectOptions = {},
): Client<Service> {
  refuseUnknown("createClient()", options, names);
  const refusal = optionsFault(options.defaults);
  if (refusal !== undefined) throw refusal;
  const channel = toChannel(target, options);
  const { defaults } = options;
  const codec = channel.codec ?? options.codec ?? compiled;
  const interceptors = [...(options.interceptors ?? [])];
  if (options.perRpcCredentials !== undefined) interceptors.push(perRpcCredentials(options.perRpcCredentials));
  for (const { prepare } of interceptors) prepare?.(service);
  const client: Record<string | symbol, unknown> = {
    [Symbol.dispose]: () => {
      if (typeof target === "string") channel.close();
    },
  };
  for (const method of service.methods) {
    const bound = bind(method, codec, interceptors);
    const open = (options: CallOptions | undefined) =>
      new ClientCall(channel, bound, defaults === undefined ? (options ?? {}) : withDefaults(defaults, options), optionsFault(options));
    client[method.localName] = caller(method, open);
  }
  return client as Client<Service>;
}

function bind(method: DescMethod, codec: CodecFactory, interceptors: readonly ClientInterceptor[]): BoundMethod {
  const input = codec(method.input);
  const output = codec(method.output);
  return {
    method,
    input,
    output,
    interceptors,
    definition: {
      path: methodPath(method),
      requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
      responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
      requestSerialize: (message) => input.encode(message as never),
      responseDeserialize: (bytes) => output.decode(bytes),
    },
  };
}

type Open = (options: CallOptions | undefined) => ClientCall;

function caller({ methodKind }: DescMethod, open: Open): unknown {
  switch (methodKind) {
    case "unary":
      return (request: unknown, options?: CallOptions) => sendOnly(open(options), request).recvOnly();
    case "server_streaming":
      return (request: unknown, options?: CallOptions) => sendOnly(open(options), request);
    case "client_streaming":
      return (requests?: unknown, options?: CallOptions) => {
        if (isIterable(requests)) return sendAll(open(options), requests).recvOnly();
        const call = open(requests as CallOptions | undefined);
        return Object.assign(call, {
          closeAndRecv() {
            call.closeSend();
            return call.recvOnly();
          },
        });
      };
    case "bidi_streaming":
      return (requests?: unknown, options?: CallOptions) =>
        isIterable(requests) ? sendAll(open(options), requests) : open(requests as CallOptions | undefined);
  }
}

function sendOnly(call: ClientCall, request: unknown): ClientCall {
  void call.send(request);
  call.closeSend();
  return call;
}

/** Sends requests as the server takes them, until they end, or the call does. */
function sendAll(call: ClientCall, requests: AsyncIterable<unknown> | Iterable<unknown>): ClientCall {
  let iterator: AsyncIterator<unknown> | Iterator<unknown>;
  try {
    iterator = Symbol.asyncIterator in requests ? requests[Symbol.asyncIterator]() : requests[Symbol.iterator]();
  } catch (fault) {
    call.abandon(fault);
    return call;
  }
  const stop = async () => {
    await iterator.return?.();
  };
  const pump = async () => {
    for (;;) {
      const result = await iterator.next();
      if (result.done) return call.closeSend();
      if (!(await call.send(result.value))) return;
    }
  };
  // The requests' source may be waiting for something that never comes; its `finally` runs as soon as it lets it.
  call.onEnd(() => stop().catch(() => {}));
  pump().catch((fault: unknown) => call.abandon(fault));
  return call;
}

function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}
