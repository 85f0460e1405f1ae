// From an implementation to the methods that a transport serves.

import type { DescMethod } from "@bufbuild/protobuf";
import { type Codec, compiled } from "@grpc-study/codec";
import { LinkedSet } from "../linked-set.ts";
import { Code } from "../protocol/code.ts";
import type { Compression } from "../protocol/compression.ts";
import { RpcError } from "../protocol/error.ts";
import { methodPath } from "../protocol/method.ts";
import type { ServedMethod, ServerListener, ServerStream } from "../transport/server.ts";
import { Call } from "./call.ts";
import type { CallMethod, Scope } from "./call-state.ts";
import type { Context } from "./context.ts";
import type { Implementation, ImplementOptions } from "./implement.ts";

/** What a server adds to an implementation. Its interceptors are outermost, and its `onError` is called last. */
export interface ServeOptions extends ImplementOptions {
  /** How responses are compressed, unless their handler says otherwise. Default: `identity`. */
  readonly compression?: Compression | undefined;
  /** Holds the calls that are running. */
  readonly calls?: LinkedSet<Call> | undefined;
}

/**
 * The methods of an implementation. Interceptors prepare for the service here.
 * @throws what `prepare` of an interceptor throws.
 */
export function serve({ service, handlers, options: own }: Implementation, server: ServeOptions = {}): ServedMethod[] {
  const scope: Scope = {
    interceptors: [...(server.interceptors ?? []), ...(own.interceptors ?? [])],
    onError: both(own.onError, server.onError) ?? logError,
    compression: server.compression ?? "identity",
  };
  for (const { prepare } of scope.interceptors) prepare?.(service);
  const codec = own.codec ?? server.codec ?? compiled;
  const calls = server.calls ?? new LinkedSet<Call>();
  return service.methods.map((method) => {
    const handler = handlers[method.localName]?.bind(handlers) ?? unimplemented;
    return new Method(method, handler, codec(method.input), codec(method.output), scope, calls);
  });
}

class Method implements ServedMethod, CallMethod {
  readonly descriptor: DescMethod;
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly early: boolean;
  readonly handler: CallMethod["handler"];
  readonly input: Codec;
  readonly output: Codec;
  readonly scope: Scope;
  readonly #calls: LinkedSet<Call>;

  constructor(descriptor: DescMethod, handler: CallMethod["handler"], input: Codec, output: Codec, scope: Scope, calls: LinkedSet<Call>) {
    const { methodKind } = descriptor;
    this.descriptor = descriptor;
    this.path = methodPath(descriptor);
    this.requestStream = methodKind === "client_streaming" || methodKind === "bidi_streaming";
    this.responseStream = methodKind === "server_streaming" || methodKind === "bidi_streaming";
    // Interceptors may refuse a call by its header.
    this.early = this.requestStream || scope.interceptors.length > 0;
    this.handler = handler;
    this.input = input;
    this.output = output;
    this.scope = scope;
    this.#calls = calls;
  }

  open(stream: ServerStream): ServerListener {
    const call = new Call(this, stream, this.#calls);
    call.open();
    return call;
  }

  answer(stream: ServerStream, request: Buffer, compressed: boolean): ServerListener {
    const call = new Call(this, stream, this.#calls);
    call.answer(request, compressed);
    return call;
  }
}

type OnError = ImplementOptions["onError"];

/** A hook that fails must not keep the other from being called. */
function both(inner: OnError, outer: OnError): OnError {
  if (inner === undefined || outer === undefined) return inner ?? outer;
  return (error, context) => {
    try {
      inner(error, context);
    } finally {
      outer(error, context);
    }
  };
}

function logError(error: unknown, context: Context): void {
  console.error(`${methodPath(context.method)}:`, error);
}

function unimplemented(_input: unknown, { method }: Context): never {
  throw new RpcError(Code.UNIMPLEMENTED, `${methodPath(method)} is not implemented`);
}
