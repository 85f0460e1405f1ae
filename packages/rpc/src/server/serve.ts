// Converts an implementation to the methods that a transport serves.

import type { DescMethod } from "@bufbuild/protobuf";
import { type Codec, compiled } from "@grpc-study/codec";
import { Interceptors, interceptorsOf, prepareAll } from "../intercept/only-for.ts";
import { enter, used } from "../propagation/current.ts";
import { Code } from "../protocol/code.ts";
import type { Compression } from "../protocol/compression.ts";
import { RpcError } from "../protocol/error.ts";
import { hasRequestStream, hasResponseStream, methodPath } from "../protocol/method.ts";
import type { ServedMethod, ServerListener, ServerStream } from "../transport/server.ts";
import { Call } from "./call.ts";
import type { CallMethod, MethodSettings } from "./call-state.ts";
import type { Context } from "./context.ts";
import type { Implementation, ImplementOptions } from "./implement.ts";
import { ServerRecord } from "./server-record.ts";

/**
 * The options that a server adds to an implementation. Its interceptors run outermost, and its
 * `onError` is called last.
 */
export interface ServeOptions extends ImplementOptions {
  /** The compression of responses, unless a handler chooses another one. Default: `identity`. */
  readonly compression?: Compression | undefined;
  /** The server of the calls. Default: a foreign one. */
  readonly record?: ServerRecord | undefined;
}

/**
 * Returns the methods of an implementation. Calls `prepare` of the interceptors.
 *
 * @throws what `prepare` of an interceptor throws.
 */
export function serve({ service, handlers, options: own }: Implementation, server: ServeOptions = {}): ServedMethod[] {
  const interceptors = [...(server.interceptors ?? []), ...(own.interceptors ?? [])];
  const settings = {
    onError: both(own.onError, server.onError) ?? logError,
    compression: server.compression ?? "identity",
    maxTimeoutMs: own.maxTimeoutMs ?? server.maxTimeoutMs ?? Number.POSITIVE_INFINITY,
  };
  prepareAll(interceptors, service);
  const codec = own.codec ?? server.codec ?? compiled;
  const record = server.record ?? new ServerRecord();
  return service.methods.map((method) => {
    const handler = handlers[method.localName]?.bind(handlers) ?? unimplemented;
    const ofMethod: MethodSettings = { ...settings, interceptors: new Interceptors(interceptorsOf(interceptors, method)) };
    return new Method(method, handler, codec(method.input), codec(method.output), ofMethod, record);
  });
}

class Method implements ServedMethod, CallMethod {
  readonly descriptor: DescMethod;
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly early: boolean;
  readonly borrows: boolean;
  readonly handler: CallMethod["handler"];
  readonly input: Codec;
  readonly output: Codec;
  readonly settings: MethodSettings;
  readonly #server: ServerRecord;

  constructor(
    descriptor: DescMethod,
    handler: CallMethod["handler"],
    input: Codec,
    output: Codec,
    settings: MethodSettings,
    server: ServerRecord,
  ) {
    this.descriptor = descriptor;
    this.path = methodPath(descriptor);
    this.requestStream = hasRequestStream(descriptor);
    this.responseStream = hasResponseStream(descriptor);
    // Interceptors may reject a call before its request is complete.
    this.early = this.requestStream || settings.interceptors.all.length > 0;
    this.borrows = input.decodeFrom !== undefined;
    this.handler = handler;
    this.input = input;
    this.output = output;
    this.settings = settings;
    this.#server = server;
  }

  open(stream: ServerStream): ServerListener {
    const call = new Call(this, stream, this.#server);
    if (used) enter(call, open, call);
    else call.open();
    return call;
  }

  answer(stream: ServerStream, request: Buffer, compressed: boolean, start = 0): ServerListener {
    const call = new Call(this, stream, this.#server);
    if (used) enter(call, answer, call, request, compressed, start);
    else call.answer(request, compressed, start);
    return call;
  }
}

function open(call: Call): void {
  call.open();
}

function answer(call: Call, request: Buffer, compressed: boolean, start: number): void {
  call.answer(request, compressed, start);
}

type OnError = ImplementOptions["onError"];

/** Calls both hooks, even if the first one throws. */
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
