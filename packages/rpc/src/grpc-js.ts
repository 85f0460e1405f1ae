// @grpc-study/rpc/grpc-js: the ecosystem's transport, by the public API of @grpc/grpc-js. transport/grpc-js/refusals.ts lists what it cannot do.
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { checkImplementation, checkOptionsFor, type Implementation, type ImplementOptions } from "./server/implement.ts";
import { serve } from "./server/serve.ts";
import { serviceOf } from "./transport/grpc-js/served-call.ts";

export { type GrpcJsChannelOptions, grpcJsChannel } from "./transport/grpc-js/channel.ts";
export { grpcJsCredentials } from "./transport/grpc-js/credentials.ts";
export { fromGrpcJs, toGrpcJs } from "./transport/grpc-js/metadata.ts";
export { grpcJsTransport } from "./transport/grpc-js/server-transport.ts";

/**
 * Makes a service for a server of grpc-js: spread it into `addService()`.
 *
 * @example
 * const server = new grpc.Server();
 * server.addService(...grpcJsService(implement(Greeter, { sayHello: ({ name }) => ({ message: `Hello ${name}` }) })));
 *
 * @param options what a server would add: its interceptors are outermost, and its `onError` is called last.
 */
export function grpcJsService(
  implementation: Implementation,
  options: ImplementOptions = {},
): [definition: ServiceDefinition, handlers: UntypedServiceImplementation] {
  checkImplementation("grpcJsService()", implementation);
  checkOptionsFor("grpcJsService()", options);
  return serviceOf(serve(implementation, options));
}
