// The transport strategy: serves the handlers of controllers on a server of @grpc-study/rpc.
import type { DescService } from "@bufbuild/protobuf";
import { type BoundAddress, createServer, type Server as RpcServer, type ServerTls } from "@grpc-study/rpc";
import { checkOptions, type Names, wrongType } from "@grpc-study/rpc/checks";
import { type CustomTransportStrategy, type MessageHandler, Server, Transport } from "@nestjs/microservices";
import { isGrpcPattern, type PatternHandler, servicesOf } from "./handlers.ts";

export interface GrpcStrategyOptions {
  /** The services that controllers implement. */
  readonly services: readonly DescService[];
  /**
   * The server, which may have interceptors, limits, and services of its own. The strategy shuts it
   * down. Default: `createServer()`.
   */
  readonly server?: RpcServer | undefined;
  /** One or more addresses, as `server.listen()` takes them. Default: none, for calls in process. */
  readonly address?: string | readonly string[] | undefined;
  /** TLS or mutual TLS for the addresses. Default: plaintext. */
  readonly tls?: ServerTls | undefined;
  /** How long `app.close()` waits for running calls, in milliseconds. Default: 10,000. */
  readonly graceMs?: number | undefined;
}

type Listening = (error?: unknown, addresses?: readonly BoundAddress[]) => void;

const names: Names<GrpcStrategyOptions> = { services: true, server: true, address: true, tls: true, graceMs: true };

/**
 * Serves controllers with the decorators `@GrpcMethod`, `@GrpcStreamMethod` and `@GrpcStreamCall` of
 * @nestjs/microservices, or `@Implement` of this package. The payload of a handler is its request,
 * and `@Ctx()` is the `Context` of the call.
 *
 * - A `@GrpcMethod` handler returns a response, a promise, an Observable or, if the method streams
 *   responses, an iterable of them.
 * - The payload of `@GrpcStreamMethod` is an Observable of requests. As in Nest, it completes when
 *   the call is cancelled; the signal of the context is then aborted.
 * - The payload of `@GrpcStreamCall` is an AsyncIterable of requests. It throws when the call is
 *   cancelled, and an unread request slows the caller down.
 *
 * `app.listen()` rejects with a TypeError if a handler matches no method of `services`, and with the
 * errors of `server.listen()`. A method without a handler ends with UNIMPLEMENTED.
 *
 * @example
 * const strategy = new GrpcStrategy({ services: [Greeter], address: "localhost:50051" });
 * const app = await NestFactory.createMicroservice(AppModule, { strategy });
 * await app.listen();
 */
export class GrpcStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = Transport.GRPC;
  readonly server: RpcServer;
  readonly #options: GrpcStrategyOptions;
  readonly #handlers: PatternHandler[] = [];
  readonly #addresses: BoundAddress[] = [];

  /** @throws TypeError for an unknown option or a wrong type, RangeError for a negative `graceMs`. */
  constructor(options: GrpcStrategyOptions) {
    super();
    check(options);
    this.server = options.server ?? createServer();
    this.#options = options;
  }

  /** The bound addresses, once the application listens. */
  get addresses(): readonly BoundAddress[] {
    return this.#addresses;
  }

  // Called by Nest.

  override addHandler(pattern: unknown, handler: MessageHandler, isEvent = false, extras: Record<string, unknown> = {}): void {
    super.addHandler(pattern, handler, isEvent, extras);
    // Handlers without a transport, of other microservices of the application, come here too.
    if (isGrpcPattern(pattern)) this.#handlers.push({ ...pattern, handler });
  }

  async listen(listening: Listening): Promise<void> {
    try {
      const { services, address = [], tls } = this.#options;
      this.server.add(...servicesOf(services, this.#handlers, (missing) => this.logger.warn(missing)));
      for (const one of [address].flat()) this.#addresses.push(await this.server.listen(one, tls));
    } catch (error) {
      listening(error);
      return;
    }
    listening(undefined, this.#addresses);
  }

  async close(): Promise<void> {
    await this.server.shutdown({ graceMs: this.#options.graceMs });
  }

  /** Returns the server of @grpc-study/rpc, for `app.unwrap()`. */
  override unwrap<T = RpcServer>(): T {
    return this.server as T;
  }

  override on(): never {
    throw new TypeError("GrpcStrategy has no events: interceptors of the server observe its calls");
  }
}

function check(options: GrpcStrategyOptions): void {
  checkOptions("GrpcStrategy", options, names);
  const { services, server, address, tls, graceMs } = options;
  if (!Array.isArray(services) || services.length === 0 || services.some((service) => service?.kind !== "service"))
    throw wrongType("the option services of GrpcStrategy", "an array of one or more descriptors of services", services);
  if (server !== undefined && typeof server?.add !== "function")
    throw wrongType("the option server of GrpcStrategy", "what createServer() returns", server);
  if (address !== undefined && [address].flat().some((one) => typeof one !== "string"))
    throw wrongType("the option address of GrpcStrategy", "an address or an array of addresses", address);
  if (tls !== undefined && (typeof tls !== "object" || tls === null || Array.isArray(tls)))
    throw wrongType("the option tls of GrpcStrategy", "an object with cert and key", tls);
  if (graceMs === undefined) return;
  if (typeof graceMs !== "number") throw wrongType("the option graceMs of GrpcStrategy", "a number of milliseconds from 0 on", graceMs);
  if (!(graceMs >= 0))
    throw new RangeError(`the option graceMs of GrpcStrategy must be a number of milliseconds from 0 on, got ${graceMs}`);
}
