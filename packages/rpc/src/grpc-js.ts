// @grpc-study/rpc/grpc-js runs services and clients on @grpc/grpc-js, through its public API.
// transport/grpc-js/unsupported.ts lists what this transport cannot do.
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { checkImplementation, checkOptionsFor, type Implementation, type ImplementOptions } from "./server/implement.ts";
import { serve } from "./server/serve.ts";
import { serviceOf } from "./transport/grpc-js/served-call.ts";

export { type GrpcJsChannelOptions, grpcJsChannel } from "./transport/grpc-js/channel.ts";
export { grpcJsCredentials } from "./transport/grpc-js/credentials.ts";
export { fromGrpcJs, toGrpcJs } from "./transport/grpc-js/metadata.ts";
export { grpcJsTransport } from "./transport/grpc-js/server-transport.ts";

/**
 * Creates a service for a grpc-js server. Spread the result into `addService()`.
 *
 * @example
 * const server = new grpc.Server();
 * const greeter = implement(Greeter, { sayHello: ({ name }) => ({ message: `Hello ${name}` }) });
 * server.addService(...grpcJsService(greeter));
 *
 * @param options options that `createServer` would add. Its interceptors run outermost, and its
 * `onError` is called last.
 * @throws TypeError for a wrong argument or option.
 */
export function grpcJsService(
  implementation: Implementation,
  options: ImplementOptions = {},
): [definition: ServiceDefinition, handlers: UntypedServiceImplementation] {
  checkImplementation("grpcJsService()", implementation);
  checkOptionsFor("grpcJsService()", options);
  return serviceOf(serve(implementation, options));
}
