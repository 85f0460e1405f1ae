// From a service and its handlers to what grpc-js serves.
import type { DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { Code } from "../protocol/code.ts";
import { type Codec, type CodecFactory, compiled } from "@grpc-study/codec";
import type { Compression } from "../protocol/compression.ts";
import { RpcError } from "../protocol/error.ts";
import { type Names, refuseUnknown } from "../known-options.ts";
import type { LinkedSet } from "../linked-set.ts";
import { methodPath } from "../protocol/method.ts";
import type { Call, Scope } from "./call.ts";
import type { Context, ServerInterceptor } from "./context.ts";
import type { AnyHandler, ExactHandlers, Handlers, LooseHandlers } from "./handlers.ts";
import { serve } from "./serve.ts";

export interface ImplementOptions {
  /** Run around every call, the first outermost. */
  readonly interceptors?: readonly ServerInterceptor[] | undefined;
  /**
   * Called once for each error that a handler or an interceptor throws, unless it is an RpcError, also after the call has ended, and when an interceptor
   * breaks a rule of interceptors. Default: logs to `console.error`.
   */
  readonly onError?: ((error: unknown, context: Context) => void) | undefined;
  /** The codec for messages. Default: `compiled`. In process there are no bytes, and no codec. */
  readonly codec?: CodecFactory | undefined;
}

const optionNames: Names<ImplementOptions> = { interceptors: true, onError: true, codec: true };

const source = Symbol("service and handlers");

/** A service with its handlers: for `server.add()`, or spread into `addService()` of a grpc-js server. */
export type Implementation = readonly [
  definition: ServiceDefinition & { readonly [source]: Source },
  handlers: UntypedServiceImplementation,
];

interface Source {
  readonly service: DescService;
  readonly handlers: Readonly<Record<string, AnyHandler | undefined>>;
  readonly options: ImplementOptions;
}

/**
 * Implements a service.
 *
 * @example
 * server.add(implement(Greeter, { sayHello: ({ name }) => ({ message: `Hello ${name}` }) }));
 *
 * @param handlers one for each method, by its local name; a method left out answers UNIMPLEMENTED.
 * @param options for the calls of this service, wherever it is served: `interceptors` run inside the server's, `onError` is called before the server's,
 * and `codec` is used instead of the server's.
 */
export function implement<Service extends DescService, const H extends Handlers<Service>>(
  service: Service,
  handlers: H & ExactHandlers<Service, H>,
  options?: ImplementOptions,
): Implementation;
// Accepts no more than the one above: its error, which the compiler shows, names the field of a response that has no right one beside it.
export function implement<Service extends DescService, const H extends LooseHandlers<Service>>(
  service: Service,
  handlers: Handlers<Service> & H & ExactHandlers<Service, H>,
  options?: ImplementOptions,
): Implementation;
export function implement(service: DescService, handlers: object, options: ImplementOptions = {}): Implementation {
  refuseUnknown("implement()", options, optionNames);
  // An object of a class has members of its own.
  const isLiteral = Object.getPrototypeOf(handlers) === Object.prototype || Object.getPrototypeOf(handlers) === null;
  for (const name of isLiteral ? Object.keys(handlers) : []) {
    if (!(name in service.method)) throw new TypeError(`${service.typeName} has no method "${name}"`);
  }
  return bind({ service, handlers: handlers as Source["handlers"], options }, makeScope(options), options.codec);
}

/** The service of an implementation. */
export function serviceOf([definition]: Implementation): DescService {
  return definition[source].service;
}

/** The options of an implementation, as its service is served by a server that has its own. */
export function optionsWithin(server: ImplementOptions, [definition]: Implementation): ImplementOptions {
  const { interceptors = [], onError, codec = server.codec } = definition[source].options;
  return {
    interceptors: [...(server.interceptors ?? []), ...interceptors],
    onError: both(onError, server.onError),
    codec,
  };
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

/** The same service and handlers, for the calls of one server. */
export function rebind([definition]: Implementation, scope: Scope, codec: CodecFactory | undefined): Implementation {
  return bind(definition[source], scope, codec);
}

export function makeScope(
  { interceptors, onError }: ImplementOptions,
  calls?: LinkedSet<Call>,
  compression: Compression = "identity",
  batches = false,
): Scope {
  return {
    batches,
    interceptors: interceptors ?? [],
    onError: onError ?? ((error, context) => console.error(`${methodPath(context.method)}:`, error)),
    compression,
    calls,
  };
}

function bind(from: Source, scope: Scope, codec: CodecFactory = compiled): Implementation {
  for (const { prepare } of scope.interceptors) prepare?.(from.service);
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const method of from.service.methods) {
    const handler = from.handlers[method.localName];
    definition[method.localName] = defineMethod(method);
    implementation[method.localName] = serve({
      method,
      handler: handler === undefined ? unimplemented : (input, context) => handler.call(from.handlers, input, context),
      input: codec(method.input) as Codec<DescMessage>,
      output: codec(method.output) as Codec<DescMessage>,
      scope,
    });
  }
  return [Object.assign(definition, { [source]: from }), implementation];
}

/** grpc-js sees buffers only: messages are parsed and written within the call, where an error finds its status. */
function defineMethod(method: DescMethod): MethodDefinition<Buffer, Buffer> {
  const asIs = (bytes: Buffer) => bytes;
  return {
    path: methodPath(method),
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
    originalName: method.localName,
  };
}

function unimplemented(_input: unknown, { method }: Context): never {
  throw new RpcError(Code.UNIMPLEMENTED, `${methodPath(method)} is not implemented`);
}
