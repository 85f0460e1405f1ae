// The gateway's own server: listens, limits connections, and closes gracefully.
import {
  type Certificates,
  createHttp2ServerTransport,
  type Http2ServerTransport,
  listen,
  type ServedMethod,
  type ServerLimits,
  type ServerTls,
  serverCertificates,
  type UnknownCall,
} from "@grpc-study/rpc/transport";
import { streamListener } from "../adapters/http2.ts";
import { nodeListener } from "../adapters/node.ts";
import type { TrustProxy } from "../adapters/proxies.ts";
import type { ErrorWriter } from "../http/errors.ts";
import type { HttpHandler } from "../http/message.ts";
import { Connections } from "./connections.ts";
import { hostsOfListener } from "./hosts.ts";
import { type ConnectionLimits, http2Limits, withDefaults } from "./limits.ts";
import { Port, type PortInit, type UpgradeListener } from "./port.ts";

export interface ServerInit {
  /** Answers all requests, except gRPC calls. */
  readonly handler: HttpHandler;
  /** Handles upgrades. Default: they are requests. */
  readonly onUpgrade?: UpgradeListener | undefined;
  /** The methods for gRPC calls over HTTP/2. Default: none. */
  readonly find?: ((path: string) => ServedMethod | undefined) | undefined;
  /** Called for each gRPC call to another method. */
  readonly onUnknown?: ((call: UnknownCall) => void) | undefined;
  /** Limits for gRPC calls, such as `maxReceiveMessageBytes`. */
  readonly callLimits?: Partial<ServerLimits> | undefined;
  /** Called with errors that handlers throw, which indicates a bug. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly errors: ErrorWriter;
  readonly tls?: ServerTls | undefined;
  readonly limits?: ConnectionLimits | undefined;
  readonly trustProxy?: TrustProxy | undefined;
}

/** A bound address. */
export interface Listening {
  /** `http://host:port`, `https://host:port`, or `unix:` and a path. */
  readonly url: string;
  /** Empty for a Unix domain socket. */
  readonly host: string;
  /** 0 for a Unix domain socket. */
  readonly port: number;
}

/** Milliseconds between sweeps of idle connections. */
const sweepMs = 50;

export class Server {
  readonly #init: PortInit;
  readonly #http2: Http2ServerTransport;
  readonly #ports = new Set<Port>();
  #closed: Promise<void> | undefined;
  #hosts: readonly string[] | undefined;

  /**
   * @throws TypeError or RangeError for an option that is not valid, TlsFileError for a certificate or
   * key that cannot be used.
   */
  constructor(init: ServerInit) {
    const { handler, trustProxy, tls, errors, find, onUnknown, onError } = init;
    const limits = withDefaults(init.limits);
    const connections = new Connections({ maxPipelined: limits.maxPipelined, stalledMs: limits.keepAliveTimeoutMs });
    const certificates: Certificates | undefined = tls && serverCertificates(tls);
    const http2 = createHttp2ServerTransport(
      { ...http2Limits(limits), ...init.callLimits },
      { other: streamListener(handler, { trustProxy }), onUnknown, ...(find && { find }), ...(onError && { onError }) },
    );
    this.#http2 = http2;
    this.#init = {
      onRequest: connections.limit(nodeListener(handler, { trustProxy })),
      onContinue: connections.limit(nodeListener(handler, { trustProxy, sendsContinue: true })),
      onUpgrade: init.onUpgrade,
      onHttp2: (socket, peer) => http2.attach(socket, peer),
      errors,
      connections,
      limits,
      certificates,
      certificatesOptional: tls?.clientCertificates === "optional",
    };
  }

  /** The hosts to serve by default: see `hostsOfListener`. */
  get hosts(): readonly string[] {
    this.#hosts ??= [...this.#ports].flatMap(({ address }) => hostsOfListener(address));
    return this.#hosts;
  }

  /** Whether it listens, and on loopback addresses alone. */
  get isLoopback(): boolean {
    return this.#ports.size > 0 && this.hosts.length > 0 && !this.hosts.includes("*");
  }

  /**
   * Listens on `host:port` or `unix:path`. Port 0 takes any free port. `localhost` means the loopback
   * addresses of both families.
   *
   * @throws TypeError for an address of another format, ListenError
   */
  async listen(address: string): Promise<Listening> {
    if (this.#closed !== undefined) throw new Error(`cannot listen on ${address}: the gateway has been closed`);
    const bound = await listen({ listen: (at) => this.#open(at) }, address);
    const scheme = this.#init.certificates === undefined ? "http" : "https";
    const { host, port } = bound;
    return { url: host === "" ? bound.address : `${scheme}://${bound.address}`, host, port };
  }

  async #open(at: Parameters<Port["listen"]>[0]) {
    const port = new Port(this.#init, at.path);
    try {
      const listening = await port.listen(at);
      if (this.#closed !== undefined) throw new Error("the gateway has been closed");
      this.#ports.add(port);
      this.#hosts = undefined;
      const close = () => {
        this.#ports.delete(port);
        return listening.close();
      };
      return { port: listening.port, close };
    } catch (error) {
      void port.close();
      throw error;
    }
  }

  /**
   * Stops listening. Closes idle connections at once, the others once their requests have ended, and
   * all connections after `timeoutMs` milliseconds. Resolves once all are closed.
   */
  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs);
    return this.#closed;
  }

  async #close(timeoutMs: number): Promise<void> {
    const { connections } = this.#init;
    for (const port of this.#ports) void port.close();
    const closeIdle = () => connections.closeIdle();
    closeIdle();
    const sweep = setInterval(closeIdle, sweepMs);
    const end = setTimeout(() => {
      this.#http2.destroy();
      connections.closeAll();
    }, timeoutMs);
    await this.#http2.drain();
    await connections.drained();
    clearInterval(sweep);
    clearTimeout(end);
  }
}
