// A typed client for a service.
import type { DescService } from "@bufbuild/protobuf";
import { type CodecFactory, compiled } from "@grpc-study/codec";
import { createChannel } from "../channel/create-channel.ts";
import { type ChannelOptions, channelOptionNames } from "../channel/options.ts";
import { checkFunction, checkFunctions, checkOptionNames, checkService, type Names, optional, shown } from "../checks.ts";
import type { Channel } from "../transport/client.ts";
import { BoundMethod } from "./bound-method.ts";
import { caller } from "./callers.ts";
import type { ClientInterceptor } from "./context.ts";
import { type CallOptions, checkDefaults } from "./options.ts";
import { checkCredentials, type PerRpcCredentials, perRpcCredentials } from "./per-rpc-credentials.ts";
import type { Client } from "./types.ts";

/** Options of a client, whatever its channel. */
export interface ClientOptions {
  /** Options of every call, unless the call has its own. */
  readonly defaults?: CallOptions | undefined;
  /** Run around every call, the first outermost. */
  readonly interceptors?: readonly ClientInterceptor[] | undefined;
  /** What the client says of itself with every call. They run inside `interceptors`. */
  readonly perRpcCredentials?: PerRpcCredentials | undefined;
  /** The codec for messages. Default: `compiled`. */
  readonly codec?: CodecFactory | undefined;
}

/** Options of a client that makes its own channel. */
export interface ConnectOptions extends ClientOptions, ChannelOptions {}

const ownNames: Names<ClientOptions> = { defaults: true, interceptors: true, perRpcCredentials: true, codec: true };
const names: Names<ConnectOptions> = { ...ownNames, ...channelOptionNames };

/**
 * Makes a client. Nothing is sent, and no connection is made, before the first call.
 *
 * @example
 * using client = createClient(Greeter, "localhost:50051");
 * const { message } = await client.sayHello({ name: "world" }, { timeoutMs: 1000 });
 *
 * @param target what `createChannel` takes, for a channel of its own; or a Channel, which may be shared.
 * @param options with a target to connect to, those of a channel, too. A channel that exists has its own.
 * @throws TypeError if the target cannot be understood or an option does not exist, and what an interceptor throws that prepares for the service.
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
  optional(checkFunctions, "interceptors", options.interceptors);
  optional(checkFunction, "codec", options.codec);
  optional(checkCredentials, "perRpcCredentials", options.perRpcCredentials);
  const channel = channelOf(target, options);
  const interceptors = [...(options.interceptors ?? [])];
  if (options.perRpcCredentials !== undefined) interceptors.push(perRpcCredentials(options.perRpcCredentials));
  for (const { prepare } of interceptors) prepare?.(service);
  const client: Record<string | symbol, unknown> = {
    [Symbol.dispose]: () => {
      if (typeof target === "string") channel.close();
    },
  };
  for (const method of service.methods) {
    client[method.localName] = caller(channel, new BoundMethod(method, options.codec ?? compiled, interceptors), options.defaults);
  }
  return client as Client<Service>;
}

/**
 * A channel for a client: a new one, or one that there is.
 * @throws TypeError for options that only a new one can have.
 */
function channelOf(target: string | Channel, options: ConnectOptions): Channel {
  const given = Object.entries(options).filter(([name, value]) => Object.hasOwn(channelOptionNames, name) && value !== undefined);
  if (typeof target === "string") return createChannel(target, Object.fromEntries(given));
  if (given[0] !== undefined) {
    throw new TypeError(`createClient() cannot give the option "${given[0][0]}" to a channel that exists: give it to createChannel()`);
  }
  if (typeof target?.open !== "function") {
    throw new TypeError(`the target of a client is text or a Channel, got ${shown(target)}: see grpcJsChannel() for channels of grpc-js`);
  }
  return target;
}
