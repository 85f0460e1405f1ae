// Combines a service with its handlers.
import type { DescService } from "@bufbuild/protobuf";
import type { CodecFactory } from "@grpc-study/codec";
import { checkFunction, checkObject, checkOptionNames, checkService, checkTime, type Names, optional, shown } from "../checks.ts";
import { checkInterceptors } from "../intercept/only-for.ts";
import type { Context, ServerInterceptor } from "./context.ts";
import type { AnyHandler, ExactHandlers, Handlers, LooseHandlers } from "./handlers.ts";

export interface ImplementOptions {
  /** Interceptors that run around every call, the first outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[] | undefined;
  /**
   * Called once for each error that a handler or an interceptor throws, unless it is an RpcError.
   * Also called for an error after the call has ended, and if an interceptor breaks a rule.
   * Default: logs to `console.error`.
   */
  readonly onError?: ((error: unknown, context: Context) => void) | undefined;
  /**
   * The maximum duration of a call in milliseconds. It caps the deadline of the caller, and is the
   * deadline of a call without one. The call then ends with DEADLINE_EXCEEDED. Streams count, too.
   * Default: Infinity.
   */
  readonly maxTimeoutMs?: number | undefined;
  /** The codec for messages. Default: `compiled`. */
  readonly codec?: CodecFactory | undefined;
}

const optionNames: Names<ImplementOptions> = { interceptors: true, onError: true, maxTimeoutMs: true, codec: true };

/**
 * A service with its handlers, created by `implement()`. `server.add()` serves it on any transport.
 */
export interface Implementation {
  readonly service: DescService;
  /** The handlers by the local names of methods. */
  readonly handlers: Readonly<Record<string, AnyHandler | undefined>>;
  readonly options: ImplementOptions;
}

/**
 * Implements a service.
 *
 * @example
 * server.add(implement(Greeter, { sayHello: ({ name }) => ({ message: `Hello ${name}` }) }));
 *
 * @param handlers a handler for each method, by its local name. A method without a handler ends
 * with UNIMPLEMENTED.
 * @param options options for the calls of this service, wherever it is served: `interceptors` run
 * inside the server's, `onError` is called before the server's, and `maxTimeoutMs` and `codec`
 * replace the server's.
 * @throws TypeError for a wrong argument or option, RangeError for a `maxTimeoutMs` that is out of
 * range.
 */
export function implement<Service extends DescService, const H extends Handlers<Service>>(
  service: Service,
  handlers: H & ExactHandlers<Service, H>,
  options?: ImplementOptions,
): Implementation;
// Accepts nothing that the overload above rejects. The compiler reports the error of this overload,
// which names the wrong field even if the response has no correct one.
export function implement<Service extends DescService, const H extends LooseHandlers<Service>>(
  service: Service,
  handlers: Handlers<Service> & H & ExactHandlers<Service, H>,
  options?: ImplementOptions,
): Implementation;
export function implement(service: DescService, handlers: object, options: ImplementOptions = {}): Implementation {
  checkService("the service of implement()", service);
  checkOptionsFor("implement()", options);
  checkObject(`the handlers of ${service.typeName}`, handlers);
  // A class instance may have further members.
  const isLiteral = Object.getPrototypeOf(handlers) === Object.prototype || Object.getPrototypeOf(handlers) === null;
  for (const name of isLiteral ? Object.keys(handlers) : []) {
    if (!(name in service.method)) throw new TypeError(`${service.typeName} has no method "${name}"`);
  }
  for (const { localName } of service.methods) {
    optional(checkFunction, `the handler of ${service.typeName}.${localName}`, (handlers as Implementation["handlers"])[localName]);
  }
  return { service, handlers: handlers as Implementation["handlers"], options };
}

/** @throws TypeError that names an option with a wrong type. */
export function checkImplementOptions({ interceptors, onError, maxTimeoutMs, codec }: ImplementOptions): void {
  optional(checkInterceptors, "interceptors", interceptors);
  optional(checkFunction, "onError", onError);
  optional(checkTime, "maxTimeoutMs", maxTimeoutMs);
  optional(checkFunction, "codec", codec);
}

/** @throws TypeError for an unknown option, or an option with a wrong type. */
export function checkOptionsFor(where: string, options: ImplementOptions): void {
  checkOptionNames(where, options, optionNames);
  checkImplementOptions(options);
}

/** @throws TypeError if the value was not created by `implement()`. */
export function checkImplementation(where: string, value: unknown): void {
  const { service, handlers, options } = (value ?? {}) as Partial<Implementation>;
  if (service?.kind === "service" && typeof handlers === "object" && typeof options === "object") return;
  throw new TypeError(`${where} takes what implement() returns, got ${shown(value)}`);
}
