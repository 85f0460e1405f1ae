// Creates typed clients.
import type { DescService } from "@bufbuild/protobuf";
import { type CodecFactory, compiled } from "@grpc-study/codec";
import { createChannel } from "../channel/create-channel.ts";
import { type ChannelOptions, channelOptionNames } from "../channel/options.ts";
import { checkFunction, checkOptionNames, checkService, type Names, optional, shown } from "../checks.ts";
import { checkInterceptors, prepareAll } from "../intercept/only-for.ts";
import { useCurrentCall } from "../propagation/current.ts";
import { checkInherit, type InheritOptions, inheritanceOf } from "../propagation/inherit.ts";
import type { Channel } from "../transport/client.ts";
import { BoundMethod } from "./bound-method.ts";
import { caller } from "./callers.ts";
import type { ClientInterceptor } from "./context.ts";
import { type CallOptions, checkDefaults } from "./options.ts";
import { checkCredentials, type PerRpcCredentials, perRpcCredentials } from "./per-rpc-credentials.ts";
import type { Client } from "./types.ts";

/** Options of a client on any channel. */
export interface ClientOptions {
  /** Default options for every call. The options of a call override them. */
  readonly defaults?: CallOptions | undefined;
  /** Interceptors that run around every call. The first is the outermost. Default: none. */
  readonly interceptors?: readonly ClientInterceptor[] | undefined;
  /** Adds credentials to the metadata of every call, inside `interceptors`. Default: none. */
  readonly perRpcCredentials?: PerRpcCredentials | undefined;
  /**
   * What a call inherits if it is made inside the handler of a call: deadline, cancellation and
   * metadata. `false`: nothing. Default: all three, and of the metadata the trace context, the
   * baggage and the id of the request.
   */
  readonly inherit?: InheritOptions | false | undefined;
  /** The codec for messages. Default: `compiled`. */
  readonly codec?: CodecFactory | undefined;
}

/** Options of a client that creates its own channel. */
export interface ConnectOptions extends ClientOptions, ChannelOptions {}

export const clientOptionNames: Names<ClientOptions> = {
  defaults: true,
  interceptors: true,
  perRpcCredentials: true,
  inherit: true,
  codec: true,
};
const names: Names<ConnectOptions> = { ...clientOptionNames, ...channelOptionNames };

/**
 * Creates a client. The client connects at its first call.
 *
 * @example
 * using client = createClient(Greeter, "localhost:50051");
 * const { message } = await client.sayHello({ name: "world" }, { timeoutMs: 1000 });
 *
 * @param target an address for `createChannel`, or an existing Channel, which clients can share.
 * The client closes only a channel that it created.
 * @param options with an address, also the options of its channel.
 * @throws TypeError if the target or an option is invalid. Also throws the errors of
 * `createChannel`, and any error that the `prepare` function of an interceptor throws.
 */
export function createClient<Service extends DescService>(service: Service, target: string, options?: ConnectOptions): Client<Service>;
export function createClient<Service extends DescService>(
  service: Service,
  target: string | Channel,
  options?: ClientOptions,
): Client<Service>;
export function createClient<Service extends DescService>(
  service: Service,
  target: string | Channel,
  options: ConnectOptions = {},
): Client<Service> {
  checkService("the service of createClient()", service);
  checkOptionNames("createClient()", options, names);
  checkDefaults(options.defaults);
  optional(checkInterceptors, "interceptors", options.interceptors);
  optional(checkFunction, "codec", options.codec);
  optional(checkCredentials, "perRpcCredentials", options.perRpcCredentials);
  optional(checkInherit, "inherit", options.inherit);
  useCurrentCall();
  const channel = channelOf(target, options);
  const { interceptors = [] } = options;
  const credentials = options.perRpcCredentials === undefined ? [] : [perRpcCredentials(options.perRpcCredentials)];
  prepareAll(interceptors, service);
  const inheritance = inheritanceOf(options.inherit);
  const client: Record<string | symbol, unknown> = {
    [Symbol.dispose]: () => {
      if (typeof target === "string") channel.close();
    },
  };
  for (const method of service.methods) {
    client[method.localName] = caller(
      channel,
      new BoundMethod(method, options.codec ?? compiled, interceptors, credentials, inheritance),
      options.defaults,
    );
  }
  return client as Client<Service>;
}

/**
 * Returns the client's channel: a new one for an address, or the one given.
 * @throws TypeError for channel options with an existing channel.
 */
function channelOf(target: string | Channel, options: ConnectOptions): Channel {
  const given = Object.entries(options).filter(([name, value]) => Object.hasOwn(channelOptionNames, name) && value !== undefined);
  if (typeof target === "string") return createChannel(target, Object.fromEntries(given));
  if (given[0] !== undefined) {
    throw new TypeError(`createClient() cannot apply the option "${given[0][0]}" to an existing channel: pass it to createChannel()`);
  }
  if (typeof target?.open !== "function") {
    throw new TypeError(
      `the target of a client must be a string or a Channel, got ${shown(target)}: wrap a channel of grpc-js with grpcJsChannel()`,
    );
  }
  return target;
}
