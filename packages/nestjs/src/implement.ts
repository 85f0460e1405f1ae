// The decorator for a controller that implements a service.
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { ExactHandlers, Handler } from "@grpc-study/rpc";
import { Ctx, GrpcMethod, GrpcStreamCall, Payload } from "@nestjs/microservices";
import { PARAM_ARGS_METADATA } from "@nestjs/microservices/constants.js";
import type { Observable } from "rxjs";
import "reflect-metadata";
import { shown } from "@grpc-study/rpc/checks";
import { observed } from "./streams.ts";

type Init<O extends DescMessage> = MessageInitShape<O>;
type Later<T> = T | Promise<T>;
type One<O extends DescMessage> = Later<Init<O> | Observable<Init<O>>>;
type Many<O extends DescMessage> = Later<AsyncIterable<Init<O>> | Iterable<Init<O>> | Observable<Init<O>>>;

type ControllerMethod<Method> = Method extends {
  methodKind: infer Kind;
  input: infer I extends DescMessage;
  output: infer O extends DescMessage;
}
  ? (
      payload: Kind extends "client_streaming" | "bidi_streaming" ? AsyncIterable<MessageShape<I>> : MessageShape<I>,
      // The context, or what the parameter decorators of the method say.
      ...parameters: never[]
    ) => Kind extends "server_streaming" | "bidi_streaming" ? Many<O> : One<O>
  : never;

/** The methods of a controller that implements a service, by the local names of the methods. */
export type ControllerMethods<Service extends DescService> = {
  [Name in keyof Service["method"]]?: ControllerMethod<Service["method"][Name]>;
};

/** The responses of a method of a controller. */
type Responses<Result> =
  Result extends Promise<infer Later>
    ? Responses<Later>
    : Result extends Observable<infer T> | AsyncIterable<infer T> | Iterable<infer T>
      ? T
      : Result;

/** The methods of a controller as handlers that `implement()` would take. */
type AsHandlers<Service extends DescService, Controller> = {
  [Name in keyof Service["method"] & keyof Controller]: Controller[Name] extends (...args: never[]) => infer Result
    ? (...args: never[]) => Responses<Result>
    : never;
};

/** The methods whose responses have fields that the service does not know, and which ones. */
type UnknownFields<Service extends DescService, Controller, Exact = ExactHandlers<Service, AsHandlers<Service, Controller>>> = {
  [Name in keyof Exact & keyof Service["method"] as Handler<Service["method"][Name]> extends Exact[Name] ? never : Name]: Exact[Name];
};

/**
 * Makes a controller implement a service. Each of its methods with the local name of a method of the
 * service handles calls, as a handler of `implement()` does: `(request, context) => response`, with
 * AsyncIterables for streams. Requests are read, and generators resume, at the pace of the caller.
 * The compiler checks the types. A method may have parameter decorators, such as `@Payload()` and
 * `@Ctx()`, and may return an Observable.
 *
 * @example
 * @Controller()
 * @Implement(Greeter)
 * class GreeterController {
 *   sayHello({ name }: HelloRequest, { signal }: Context) {
 *     return { message: `Hello ${name}` };
 *   }
 * }
 *
 * @throws TypeError if the argument is not a service, or if the class has none of its methods.
 */
export function Implement<Service extends DescService>(
  service: Service,
): <Controller extends ControllerMethods<Service>>(
  controller: abstract new (...args: never[]) => Controller & UnknownFields<Service, Controller>,
) => void {
  if ((service as DescService | undefined)?.kind !== "service")
    throw new TypeError(`@Implement() takes the descriptor of a service, got ${shown(service)}`);
  return (controller) => {
    const methods = service.methods.filter(({ localName }) => typeof controller.prototype[localName] === "function");
    if (methods.length === 0) throw new TypeError(`${controller.name} has no method of ${service.typeName}`);
    for (const method of methods) decorate(controller, method);
  };
}

type Method = (...args: unknown[]) => unknown;

function decorate(controller: abstract new (...args: never[]) => unknown, { name, localName, methodKind, parent }: DescMethod): void {
  const { prototype } = controller;
  const method: Method = prototype[localName];
  const handler = {
    // A name for Nest, which finds metadata by it.
    [localName](this: unknown, ...args: unknown[]): unknown {
      return observed(() => method.apply(this, args));
    },
  }[localName] as Method;
  for (const key of Reflect.getMetadataKeys(method)) Reflect.defineMetadata(key, Reflect.getMetadata(key, method), handler);
  const descriptor = { value: handler, writable: true, configurable: true };
  const streams = methodKind === "client_streaming" || methodKind === "bidi_streaming";
  (streams ? GrpcStreamCall : GrpcMethod)(parent.typeName, name)(prototype, localName, descriptor);
  Object.defineProperty(prototype, localName, descriptor);
  if (!Reflect.hasMetadata(PARAM_ARGS_METADATA, controller, localName)) {
    Payload()(prototype, localName, 0);
    Ctx()(prototype, localName, 1);
  }
}
