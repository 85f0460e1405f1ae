// A server: services, addresses, health, and graceful shutdown.
import type { DescMethod } from "@bufbuild/protobuf";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { servers } from "../channelz/entities.ts";
import { checkBoolean, checkFunction, checkOptionNames, type Names, optional, wrongType } from "../checks.ts";
import { defaultServerLimits, type ServerLimits, withDefaults } from "../limits/limits.ts";
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
import { checkImplementation, checkImplementOptions, type Implementation, type ImplementOptions, implement } from "./implement.ts";
import { type BoundAddress, ListenError, listen } from "./listen.ts";
import { type ServeOptions, serve } from "./serve.ts";
import { ServerRecord } from "./server-record.ts";
import { checkShutdown, endCalls, type ShutdownOptions, type ShutdownReport } from "./shutdown.ts";
import { unknownObserver } from "./unknown.ts";

export interface ServerOptions extends ImplementOptions {
  /** Whether to serve `grpc.health.v1.Health`. Default: true. */
  readonly health?: boolean | undefined;
  /**
   * Whether to serve `grpc.reflection.v1` and `v1alpha`, which show every service to every caller.
   * Default: false.
   */
  readonly reflection?: boolean | undefined;
  /**
   * The compression of responses for callers that accept it. A handler may choose another one in
   * `context.compression`. Do not compress secrets together with data that a caller chooses,
   * because the length reveals them. Default: `identity`, uncompressed.
   */
  readonly compression?: Compression | undefined;
  /** The limits for peers. Each limit documents its unit and its default. */
  readonly limits?: { readonly [Name in keyof ServerLimits]?: ServerLimits[Name] | undefined } | undefined;
  /** The transport of the calls. Default: the HTTP/2 engine of this package. */
  readonly transport?: ServerTransportFactory | undefined;
}

const serverNames: Names<ServerOptions> = {
  interceptors: true,
  onError: true,
  maxTimeoutMs: true,
  codec: true,
  health: true,
  reflection: true,
  compression: true,
  limits: true,
  transport: true,
};

export interface Server {
  /**
   * The statuses that `grpc.health.v1` reports. Each added service is SERVING until its status is
   * set.
   */
  readonly health: HealthStatuses;
  /**
   * Adds services, before or after `listen`.
   *
   * @throws TypeError if an argument is not an implementation, or if a service has already been
   * added.
   */
  add(...implementations: readonly Implementation[]): void;
  /**
   * Listens on `host:port`, or on `unix:` and the path of a Unix domain socket. Resolves once the
   * server listens. Port 0 takes any free port. `localhost` means the loopback addresses of IPv4
   * and, if available, of IPv6. May be called for several addresses.
   *
   * Rejects with a TypeError if the address has another format, with a ListenError, or with a
   * TlsFileError if a certificate or key cannot be used.
   *
   * @param tls TLS or mutual TLS. Default: plaintext.
   */
  listen(address: string, tls?: ServerTls): Promise<BoundAddress>;
  /**
   * Returns a channel to this server within the process. Calls go to the same handlers, through the
   * same codecs and interceptors, with the same deadlines, limits, streams and errors.
   *
   * @example
   * const client = createClient(Greeter, server.channel());
   */
  channel(options?: InProcessOptions): Channel;
  /**
   * Shuts the server down gracefully: health reports NOT_SERVING, new calls are rejected, and
   * running calls finish. After the grace period, their signals abort, and then connections are
   * closed. Without a running call, it resolves at once. A second call returns the outcome of the
   * first one.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a server.
 *
 * @example
 * const server = createServer({ reflection: true });
 * server.add(implement(Greeter, { sayHello: ({ name }) => ({ message: `Hello ${name}` }) }));
 * const { address } = await server.listen("localhost:50051");
 *
 * @throws TypeError for an unknown option or a wrong type, RangeError for a limit that is out of
 * range.
 */
export function createServer(options: ServerOptions = {}): Server {
  return new RpcServer(options);
}

/** Health watches and reflection streams stay open. */
const unlimited: ImplementOptions = { maxTimeoutMs: Number.POSITIVE_INFINITY };

const http2: ServerTransportFactory = (limits, _compression, onUnknown) => createHttp2ServerTransport(limits, { onUnknown });

class RpcServer implements Server {
  readonly health = new HealthStatuses();
  readonly #serving: ServeOptions;
  readonly #record: ServerRecord;
  readonly #transport: ServerTransport;
  readonly #inProcess: InProcessTransport;
  readonly #implementations: Implementation[] = [];
  #shutdown: Promise<ShutdownReport> | undefined;

  constructor(options: ServerOptions) {
    checkOptionNames("createServer()", options, serverNames);
    const { interceptors, onError, maxTimeoutMs, codec, compression, health = true, reflection = false, transport = http2 } = options;
    checkImplementOptions(options);
    checkBoolean("health", health);
    checkBoolean("reflection", reflection);
    optional(checkCompression, "compression", compression);
    checkFunction("transport", transport);
    const limits = withDefaults(defaultServerLimits, options.limits);
    const onUnknown = unknownObserver(interceptors ?? []);
    this.#transport = transport(limits, compression ?? "identity", onUnknown);
    if (typeof this.#transport?.listen !== "function") throw wrongType("transport", "a function that makes a transport", transport);
    this.#inProcess = new InProcessTransport(limits, onUnknown);
    this.#record = new ServerRecord(this.#transport);
    this.#serving = { interceptors, onError, maxTimeoutMs, codec, compression, record: this.#record };
    servers.add(this.#record);
    if (health) this.#serve(implement(Health, healthHandlers(this.health), unlimited));
    if (reflection) this.#serveReflection();
  }

  #serveReflection(): void {
    const { v1, v1alpha } = reflectionHandlers(() => this.#implementations.map(({ service }) => service));
    this.#serve(implement(ServerReflection, v1, unlimited));
    this.#serve(implement(ServerReflectionAlpha, v1alpha, unlimited));
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
    const transport = this.#transport;
    return listen({ listen: async (one, tls) => this.#record.listens(one, await transport.listen(one, tls)) }, address, tls);
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
    this.#record.shutsDown();
    const drained = Promise.all([this.#transport.drain(), this.#inProcess.drain()]);
    const unsent = () =>
      [...this.#transport.unsent(), ...this.#inProcess.unsent()].map(({ path, peer }) => ({ method: this.#method(path), peer }));
    const report = await endCalls(this.#record.running, drained, unsent, options);
    this.#transport.destroy();
    this.#inProcess.destroy();
    servers.delete(this.#record);
    return report;
  }

  /** Returns the method with a path. */
  #method(path: string): DescMethod {
    const methods = this.#implementations.flatMap(({ service }) => service.methods);
    return methods.find((method) => methodPath(method) === path) as DescMethod;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
