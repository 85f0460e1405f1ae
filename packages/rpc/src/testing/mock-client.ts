// A client of given handlers, without a socket.
import type { DescService } from "@bufbuild/protobuf";
import { checkObject, checkOptionNames, checkService, type Names, shown } from "../checks.ts";
import { type ClientOptions, clientOptionNames, createClient } from "../client/client.ts";
import type { Client } from "../client/types.ts";
import type { ExactHandlers, Handlers } from "../server/handlers.ts";
import { type Implementation, implement } from "../server/implement.ts";
import { createServer, type ServerOptions } from "../server/server.ts";

/** Options of `mockClient()`: those of a client, and `server`. */
export interface MockClientOptions extends ClientOptions {
  /**
   * The options of the server side, as for `createServer`: for example `interceptors` and `onError`.
   * Default: none.
   */
  readonly server?: ServerOptions | undefined;
}

const names: Names<MockClientOptions> = { ...clientOptionNames, server: true };

/**
 * Creates a client whose calls run these handlers in this process. Calls go through codecs,
 * interceptors, deadlines, cancellation and errors as over a socket. Methods without a handler end
 * with UNIMPLEMENTED. There is nothing to close.
 *
 * @example
 * const client = mockClient(Greeter, { sayHello: ({ name }) => ({ message: `Hello ${name}` }) });
 *
 * @param handlers handlers by the local name of their method, or what `implement()` returns.
 * @throws TypeError or RangeError for a wrong argument or option.
 */
export function mockClient<Service extends DescService>(
  service: Service,
  implementation: Implementation,
  options?: MockClientOptions,
): Client<Service>;
export function mockClient<Service extends DescService, const H extends Handlers<Service>>(
  service: Service,
  handlers: H & ExactHandlers<Service, H>,
  options?: MockClientOptions,
): Client<Service>;
export function mockClient<Service extends DescService>(
  service: Service,
  handlers: object,
  options: MockClientOptions = {},
): Client<Service> {
  checkService("the service of mockClient()", service);
  checkObject(`the handlers of mockClient()`, handlers);
  checkOptionNames("mockClient()", options, names);
  const { server: serverOptions, ...clientOptions } = options;
  if (serverOptions !== undefined) checkObject("server", serverOptions);
  const server = createServer({ health: false, ...serverOptions });
  server.add(isImplementation(handlers) ? checked(service, handlers) : implement(service as DescService, handlers));
  return createClient(service, server.channel(), clientOptions);
}

function isImplementation(handlers: object): handlers is Implementation {
  const { service, handlers: own, options } = handlers as Partial<Implementation>;
  return service?.kind === "service" && typeof own === "object" && typeof options === "object";
}

/** @throws TypeError if the implementation is that of another service. */
function checked(service: DescService, implementation: Implementation): Implementation {
  const { typeName } = implementation.service;
  if (typeName === service.typeName) return implementation;
  throw new TypeError(`the implementation of mockClient() must be of ${service.typeName}, got one of ${shown(typeName)}`);
}
