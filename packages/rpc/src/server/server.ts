// A server: services, addresses, health, and an orderly end.
import type { DescMethod } from "@bufbuild/protobuf";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { checkBoolean, checkFunction, checkOptionNames, type Names, optional, wrongType } from "../checks.ts";
import { defaultServerLimits, type ServerLimits, withDefaults } from "../limits/limits.ts";
import { LinkedSet } from "../linked-set.ts";
import { type Compression, checkCompression } from "../protocol/compression.ts";
import { methodPath } from "../protocol/method.ts";
import { type ServerTls, serverTlsNames } from "../security/tls.ts";
import { HealthStatuses, healthHandlers } from "../services/health/health.ts";
import { reflectionHandlers } from "../services/reflection/reflection.ts";
import type { Channel } from "../transport/client.ts";
import { createHttp2ServerTransport } from "../transport/http2/server/transport.ts";
import { InProcessChannel, type InProcessOptions } from "../transport/in-process/channel.ts";
import { InProcessTransport } from "../transport/in-process/transport.ts";
import type { ServerTransport, ServerTransportFactory } from "../transport/server.ts";
import { formatAddress, parseAddress } from "./address.ts";
import type { Call } from "./call.ts";
import { checkImplementation, checkImplementOptions, type Implementation, type ImplementOptions, implement } from "./implement.ts";
import { type BoundAddress, ListenError, listen } from "./listen.ts";
import { type ServeOptions, serve } from "./serve.ts";
import { checkShutdown, endCalls, type ShutdownOptions, type ShutdownReport } from "./shutdown.ts";

export interface ServerOptions extends ImplementOptions {
  /** Serve `grpc.health.v1.Health`. Default true. */
  readonly health?: boolean | undefined;
  /** Serve `grpc.reflection.v1` and `v1alpha`. Default false: it shows every service to every caller. */
  readonly reflection?: boolean | undefined;
  /**
   * How responses are compressed, for callers that take it. Default `identity`: not at all. A handler may choose for its call, by `context.compression`.
   * Secrets that are sent beside what a caller chooses should not be compressed with it: the length gives them away.
   */
  readonly compression?: Compression | undefined;
  /** What peers may ask for; each limit says its unit and its default. */
  readonly limits?: { readonly [Name in keyof ServerLimits]?: ServerLimits[Name] | undefined } | undefined;
  /** What carries the calls. Default: HTTP/2, by an engine of this package's own. */
  readonly transport?: ServerTransportFactory | undefined;
}

const serverNames: Names<ServerOptions> = {
  interceptors: true,
  onError: true,
  codec: true,
  health: true,
  reflection: true,
  compression: true,
  limits: true,
  transport: true,
};

export interface Server {
  /** What `grpc.health.v1` answers. Every service added is SERVING unless told otherwise. */
  readonly health: HealthStatuses;
  /** Adds services, before or after `listen`. Throws if a service is there already. */
  add(...implementations: readonly Implementation[]): void;
  /**
   * Listens on `host:port`, or on `unix:` and the path of a Unix domain socket, and resolves once it does. Port 0 takes any that is free;
   * `localhost` means the loopback addresses, of IPv4 and, where there is one, of IPv6. May be called for several addresses.
   *
   * Rejects with a TypeError if the address has neither form, with a ListenError, or with a TlsFileError if a certificate or key cannot be used.
   * @param tls TLS, or mutual TLS. Default: plaintext.
   */
  listen(address: string, tls?: ServerTls): Promise<BoundAddress>;
  /**
   * A channel to this server without a socket: calls go to the same handlers, through the same codecs and interceptors, with the same deadlines,
   * limits, streams and errors.
   *
   * @example
   * const client = createClient(Greeter, server.channel());
   */
  channel(options?: InProcessOptions): Channel;
  /**
   * Ends the server in order: health says NOT_SERVING, no new calls are taken, running calls finish; after the grace period their
   * signals abort, and then connections are closed. Without a running call it resolves at once. A second call shares the first one's outcome.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a server.
 *
 * @example
 * const server = createServer({ reflection: true });
 * server.add(implement(Greeter, { sayHello: ({ name }) => ({ message: `Hello ${name}` }) }));
 * const { address } = await server.listen("localhost:50051");
 *
 * @throws TypeError for an option that does not exist or has a wrong type, RangeError for a limit that is out of range.
 */
export function createServer(options: ServerOptions = {}): Server {
  return new RpcServer(options);
}

const http2: ServerTransportFactory = (limits) => createHttp2ServerTransport(limits);

class RpcServer implements Server {
  readonly health = new HealthStatuses();
  readonly #serving: ServeOptions;
  readonly #calls = new LinkedSet<Call>();
  readonly #transport: ServerTransport;
  readonly #inProcess: InProcessTransport;
  readonly #implementations: Implementation[] = [];
  #shutdown: Promise<ShutdownReport> | undefined;

  constructor(options: ServerOptions) {
    checkOptionNames("createServer()", options, serverNames);
    const { interceptors, onError, codec, compression, health = true, reflection = false, transport = http2 } = options;
    checkImplementOptions(options);
    checkBoolean("health", health);
    checkBoolean("reflection", reflection);
    optional(checkCompression, "compression", compression);
    checkFunction("transport", transport);
    this.#serving = { interceptors, onError, codec, compression, calls: this.#calls };
    const limits = withDefaults(defaultServerLimits, options.limits);
    this.#transport = transport(limits, compression ?? "identity");
    if (typeof this.#transport?.listen !== "function") throw wrongType("transport", "a function that makes a transport", transport);
    this.#inProcess = new InProcessTransport(limits);
    if (health) this.#serve(implement(Health, healthHandlers(this.health)));
    if (reflection) this.#serveReflection();
  }

  #serveReflection(): void {
    const { v1, v1alpha } = reflectionHandlers(() => this.#implementations.map(({ service }) => service));
    this.#serve(implement(ServerReflection, v1));
    this.#serve(implement(ServerReflectionAlpha, v1alpha));
  }

  add(...implementations: readonly Implementation[]): void {
    for (const implementation of implementations) checkImplementation("add()", implementation);
    for (const implementation of implementations) {
      this.#serve(implementation);
      this.health.set(implementation.service.typeName, "SERVING");
    }
  }

  #serve(implementation: Implementation): void {
    for (const method of serve(implementation, this.#serving)) {
      this.#transport.add(method);
      this.#inProcess.add(method);
    }
    this.#implementations.push(implementation);
  }

  async listen(address: string, tls?: ServerTls): Promise<BoundAddress> {
    const at = parseAddress(address);
    checkOptionNames("listen()", tls, serverTlsNames);
    if (this.#shutdown !== undefined) throw new ListenError(formatAddress(at), "the server has been shut down");
    return listen(this.#transport, at, tls);
  }

  channel(options?: InProcessOptions): Channel {
    return new InProcessChannel(this.#inProcess, options);
  }

  shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    try {
      checkShutdown(options);
    } catch (fault) {
      return Promise.reject(fault);
    }
    this.#shutdown ??= this.#end(options);
    return this.#shutdown;
  }

  async #end(options: ShutdownOptions): Promise<ShutdownReport> {
    this.health.shutdown();
    const drained = Promise.all([this.#transport.drain(), this.#inProcess.drain()]);
    const unsent = () =>
      [...this.#transport.unsent(), ...this.#inProcess.unsent()].map(({ path, peer }) => ({ method: this.#method(path), peer }));
    const report = await endCalls(this.#calls, drained, unsent, options);
    this.#transport.destroy();
    this.#inProcess.destroy();
    return report;
  }

  /** The method of a path that is served. */
  #method(path: string): DescMethod {
    const methods = this.#implementations.flatMap(({ service }) => service.methods);
    return methods.find((method) => methodPath(method) === path) as DescMethod;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
