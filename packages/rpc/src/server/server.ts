// A server: services, addresses, health, and an orderly end.
import { setTimeout as delay } from "node:timers/promises";
import type { DescMethod } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import type { Channel } from "../client/channel.ts";
import { inProcessChannel } from "../in-process/channel.ts";
import { handOver } from "../in-process/codec.ts";
import { InProcessCalls } from "../in-process/server.ts";
import { type Names, refuseUnknown, unknownOption } from "../known-options.ts";
import { defaultServerLimits, type ServerLimits, serverOptions, withDefaults } from "../limits/limits.ts";
import { LinkedSet } from "../linked-set.ts";
import { Code } from "../protocol/code.ts";
import { type Compression, isCompression } from "../protocol/compression.ts";
import { RpcError } from "../protocol/error.ts";
import { type ServerTls, serverTlsNames } from "../security/tls.ts";
import { HealthStatuses, implementHealth } from "../services/health/health.ts";
import { implementReflection } from "../services/reflection/reflection.ts";
import { serverCredentials } from "../transport/grpc-js/credentials.ts";
import { type BoundAddress, formatAddress, parseAddress } from "./address.ts";
import type { Call } from "./call.ts";
import { createGrpcServer } from "./grpc-server.ts";
import { type Implementation, type ImplementOptions, makeScope, optionsWithin, rebind, serviceOf } from "./implement.ts";

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
  /** Options of grpc-js. They go before `limits`. Its interceptors are not among them: these servers have their own. */
  readonly grpc?: Omit<grpc.ServerOptions, "interceptors"> | undefined;
}

export interface ShutdownOptions {
  /** How long running calls may go on, in milliseconds. Default 10,000. */
  readonly graceMs?: number | undefined;
  /** How long they have to end once their signal aborted, in milliseconds. Default 1,000. */
  readonly abortMs?: number | undefined;
}

const serverNames: Names<ServerOptions> = {
  interceptors: true,
  onError: true,
  codec: true,
  health: true,
  reflection: true,
  compression: true,
  limits: true,
  grpc: true,
};
const shutdownNames: Names<ShutdownOptions> = { graceMs: true, abortMs: true };

export interface ShutdownReport {
  /** The calls that did not end within the grace period: ended by their signal, or, deaf to that, with their connection. */
  readonly cut: readonly { readonly method: DescMethod; readonly peer: string; readonly how: "aborted" | "forced" }[];
}

export interface Server {
  /** What `grpc.health.v1` answers. Every service added is SERVING unless told otherwise. */
  readonly health: HealthStatuses;
  /** Adds services, before or after `listen`. Throws if a service is there already. */
  add(...implementations: readonly Implementation[]): void;
  /**
   * Listens on `host:port`, and resolves once it does. Port 0 takes any that is free; `localhost` means the loopback addresses, of IPv4
   * and, where there is one, of IPv6. May be called for several addresses.
   *
   * Rejects with a ListenError, or with a TlsFileError if a file of `security` cannot be used.
   * @param security TLS, mutual TLS, or credentials of grpc-js. Default: plaintext.
   */
  listen(address: string, security?: ServerTls | grpc.ServerCredentials): Promise<BoundAddress>;
  /**
   * A channel to this server without a socket: calls go to the same handlers, through the same interceptors, with the same deadlines, streams and
   * errors. Messages are handed over, not copied: neither side may change one that it has sent.
   *
   * @example
   * const client = createClient(Greeter, server.channel());
   */
  channel(): Channel;
  /**
   * Ends the server in order: health says NOT_SERVING, no new calls are taken, running calls finish; after the grace period their
   * signals abort, and then connections are closed. A second call shares the first one's outcome.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A server cannot listen. `code` is the system's (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, …) if there is one. */
export class ListenError extends Error {
  static {
    ListenError.prototype.name = "ListenError";
  }
  readonly address: string;
  readonly code: string | undefined;
  constructor(address: string, reason: string, options?: ErrorOptions) {
    // grpc-js has the reason as a text only.
    const code = reason.startsWith("Name resolution failed") ? "ENOTFOUND" : /\b(E[A-Z]{3,})\b/.exec(reason)?.[1];
    const plain: Record<string, string> = {
      EADDRINUSE: "the address is already in use",
      EACCES: "permission denied",
      EADDRNOTAVAIL: "this machine has no such address",
      ENOTFOUND: "no such host",
    };
    super(`cannot listen on ${address}: ${(code && plain[code]) ?? reason}`, options);
    this.address = address;
    this.code = code;
  }
}

/**
 * Makes a server.
 *
 * @example
 * const server = createServer({ reflection: true });
 * server.add(implement(Greeter, { sayHello: ({ name }) => ({ message: `Hello ${name}` }) }));
 * const { address } = await server.listen("localhost:50051");
 */
export function createServer(options: ServerOptions = {}): Server {
  return new GrpcServer(options);
}

/** Not left out in silence: they may be what keeps callers away. */
function refuseInterceptors(interceptors: readonly unknown[] = []): void {
  if (interceptors.length > 0) throw new TypeError("a server does not take interceptors of grpc-js, but those of createServer()");
}

class GrpcServer implements Server {
  readonly health = new HealthStatuses();
  readonly #options: ServerOptions;
  /** Whether several responses may be written at once. */
  readonly #batches: boolean;
  readonly #calls = new LinkedSet<Call>();
  readonly #grpc: grpc.Server;
  /** The paths of the methods with interceptors, which may refuse a call by its header. */
  readonly #refusable = new Set<string>();
  readonly #services: Implementation[] = [];
  readonly #inProcess = new InProcessCalls();
  #shutdown: Promise<ShutdownReport> | undefined;

  constructor(options: ServerOptions) {
    refuseUnknown("createServer()", options, serverNames);
    refuseUnknown("limits", options.limits, defaultServerLimits);
    if (options.compression !== undefined && !isCompression(options.compression)) {
      throw new TypeError(`compression must be identity, gzip or deflate, got ${String(options.compression)}`);
    }
    this.#options = options;
    const limits = withDefaults(defaultServerLimits, options.limits);
    const grpcOptions: grpc.ServerOptions = { ...serverOptions(limits), ...options.grpc };
    refuseInterceptors(grpcOptions.interceptors);
    // The limit is one of each message.
    this.#batches = (grpcOptions["grpc.max_send_message_length"] ?? -1) < 0;
    this.#grpc = createGrpcServer(limits, grpcOptions, this.#refusable);
    if (options.health ?? true) this.#register(implementHealth(this.health));
    if (options.reflection) for (const reflection of implementReflection(() => this.#services.map(serviceOf))) this.#register(reflection);
  }

  add(...implementations: readonly Implementation[]): void {
    for (const implementation of implementations) {
      this.#register(implementation);
      this.health.set(serviceOf(implementation).typeName, "SERVING");
    }
  }

  #register(implementation: Implementation): void {
    const options = optionsWithin(this.#options, implementation);
    const scope = makeScope(options, this.#calls, this.#options.compression, this.#batches);
    const [definition, handlers] = rebind(implementation, scope, options.codec);
    if (scope.interceptors.length > 0) for (const { path } of Object.values(definition)) this.#refusable.add(path);
    this.#grpc.addService(definition, handlers);
    this.#inProcess.add(rebind(implementation, scope, handOver));
    this.#services.push(implementation);
  }

  async listen(
    address: string,
    security: ServerTls | grpc.ServerCredentials = grpc.ServerCredentials.createInsecure(),
  ): Promise<BoundAddress> {
    const { host, port } = parseAddress(address);
    if (!(security instanceof grpc.ServerCredentials)) refuseUnknown("listen()", security, serverTlsNames);
    const credentials = security instanceof grpc.ServerCredentials ? security : serverCredentials(security);
    refuseInterceptors(credentials._getInterceptors());
    if (host !== "localhost") {
      const bound = await this.#bind(host, port, credentials);
      return { address: formatAddress(host, bound), host, port: bound };
    }
    const bound = await this.#bindLoopback(port, credentials);
    return { address: formatAddress(host, bound), host, port: bound };
  }

  /** grpc-js takes a `localhost` that is free in one family only, and says nothing. */
  async #bindLoopback(port: number, credentials: grpc.ServerCredentials, attempts = 5): Promise<number> {
    const bound = await this.#bind("127.0.0.1", port, credentials);
    try {
      await this.#bind("::1", bound, credentials);
    } catch (error) {
      const { code } = error as ListenError;
      // A machine without IPv6.
      if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") return bound;
      this.#grpc.unbind(formatAddress("127.0.0.1", bound));
      // The port was any free one, but somebody has it on ::1.
      if (code === "EADDRINUSE" && port === 0 && attempts > 1) return this.#bindLoopback(0, credentials, attempts - 1);
      throw error;
    }
    return bound;
  }

  #bind(host: string, port: number, credentials: grpc.ServerCredentials): Promise<number> {
    const address = formatAddress(host, port);
    return new Promise((resolve, reject) => {
      if (this.#shutdown !== undefined) throw new ListenError(address, "the server has been shut down");
      this.#grpc.bindAsync(address, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(new ListenError(address, error.message, { cause: error }));
      });
    });
  }

  channel(): Channel {
    return inProcessChannel(this.#inProcess);
  }

  shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    const fault = unknownOption("shutdown()", options, shutdownNames);
    if (fault !== undefined) return Promise.reject(fault);
    this.#shutdown ??= this.#end(options);
    return this.#shutdown;
  }

  async #end({ graceMs = 10_000, abortMs = 1_000 }: ShutdownOptions): Promise<ShutdownReport> {
    this.health.shutdown();
    const disconnected = new Promise<void>((resolve) => this.#grpc.tryShutdown(() => resolve()));
    const drained = Promise.all([disconnected, this.#inProcess.close()]).then(() => true);
    const within = async (ms: number) => {
      const timer = new AbortController();
      const timeout = delay(ms, false, { signal: timer.signal }).catch(() => false);
      const outcome = await Promise.race([drained, timeout]);
      timer.abort();
      return outcome;
    };

    // Watchers have been told NOT_SERVING, in the ticks before this one; they would watch for ever.
    setImmediate(() => this.#abort((call) => call.method.parent.typeName.startsWith("grpc.")));
    if (await within(graceMs)) return { cut: [] };

    const slow = this.#abort(() => true);
    if (slow.length > 0) await within(abortMs);
    const cut = slow.map(({ call, method, peer }) => {
      if (!this.#calls.has(call)) return { method, peer, how: "aborted" as const };
      call.cutOff(shuttingDown());
      return { method, peer, how: "forced" as const };
    });
    // Time for the last statuses to be sent; a peer that does not read them gets none.
    if (slow.length > 0) await within(100);
    // Not waited for: tryShutdown() of grpc-js never ends when a connection was lost in the moment in which it began.
    this.#grpc.forceShutdown();
    return { cut };
  }

  #abort(which: (call: Call) => boolean) {
    const calls = [...this.#calls].filter(which).map((call) => ({ call, method: call.method, peer: call.peer }));
    for (const { call } of calls) call.abort(shuttingDown());
    return calls;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}

function shuttingDown(): RpcError {
  return new RpcError(Code.UNAVAILABLE, "the server is shutting down");
}
